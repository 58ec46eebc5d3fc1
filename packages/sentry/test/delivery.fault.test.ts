import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Lifecycle, Scrubber } from '@ops/core'
import { createFaultProxy, recordLogs, recordMetrics } from '@ops/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sentry, type StartSentryOptions, startSentry } from '../src/index.ts'
import { type Ingest, startIngest } from './ingest.ts'

let ingest: Ingest
let metrics: ReturnType<typeof recordMetrics>
let logs: ReturnType<typeof recordLogs>
const started: Sentry[] = []

beforeEach(async () => {
  ingest = await startIngest()
  metrics = recordMetrics()
  logs = recordLogs()
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((sentry) => sentry.close()))
  await ingest.close()
})

async function start(options: Partial<StartSentryOptions> = {}): Promise<Sentry> {
  const common = { dsn: ingest.dsn, service: 'orders', version: '1', env: 'test', flushTimeoutMs: 100 }
  const sentry = await startSentry({ ...common, meter: metrics.meter, logger: logs.logger, ...options })
  started.push(sentry)
  return sentry
}

const outcome = (name: string) => metrics.value('sentry_reports_total', { outcome: name })
const messages = () => logs.records.map((record) => `${record.level} ${record.message}`)

describe('startSentry()', () => {
  test('counts failed reports and tells once when nothing listens, and tells once that it works again', async () => {
    const proxy = await createFaultProxy({ port: ingest.port })
    const sentry = await start({ dsn: `http://key@127.0.0.1:${proxy.port}/1` })
    await proxy.refuse()

    for (const n of [1, 2]) {
      sentry.report(new Error(`lost ${n}`))
      await sentry.flush()
    }
    await proxy.accept()
    sentry.report(new Error('arrives'))
    await sentry.flush()
    await proxy.close()

    expect([outcome('failed'), outcome('sent')]).toEqual([2, 1])
    expect(messages()).toEqual(['warn error reports are not delivered', 'info error reports are delivered again'])
  })

  test('counts refused reports when the answer is 500', async () => {
    const sentry = await start()
    ingest.answer = { status: 500 }

    sentry.report(new Error('unlucky'))
    await sentry.flush()

    expect(outcome('refused')).toBe(1)
    expect(logs.records[0]?.fields).toMatchObject({ outcome: 'refused', status: 500 })
  })

  test('sends no more when Sentry asks for less by 429', async () => {
    const sentry = await start()
    ingest.answer = { status: 429, headers: { 'retry-after': '60' } }

    sentry.report(new Error('first'))
    await sentry.flush()
    const before = ingest.wire()
    sentry.report(new TypeError('second'))
    await sentry.flush()

    expect(ingest.wire()).toBe(before)
    expect([outcome('refused'), outcome('dropped')]).toEqual([1, 1])
  })

  test('flush() answers false within its time when Sentry never answers', async () => {
    const sentry = await start()
    ingest.answer = 'hang'
    sentry.report(new Error('held'))

    expect(await sentry.flush()).toBe(false)
  })

  test('drops reports beyond the queue when Sentry never answers', async () => {
    const sentry = await start({ maxPerMinute: 1000 })
    ingest.answer = 'hang'

    for (let n = 0; n < 200; n++) sentry.report(new Error(`report ${n}`))
    await sentry.flush()

    expect(outcome('dropped')).toBeGreaterThan(100)
  })

  test('keeps the content inside when the scrubber throws', async () => {
    const broken = (): never => {
      throw new Error('scrubber is down')
    }
    const scrubber: Scrubber = { text: broken, value: broken }
    const sentry = await start({ scrubber })

    sentry.report(new Error('private words'), { fields: { note: 'private' } })
    await sentry.flush()

    expect(ingest.events).toHaveLength(1)
    expect(ingest.wire()).not.toContain('private')
  })

  test('report() does not throw when the error is hostile', async () => {
    const sentry = await start()
    const hostile = new Proxy(new Error('x'), {
      get() {
        throw new Error('no')
      },
    })
    const frozen = Object.freeze(new Error('frozen'))
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic

    for (const error of [hostile, frozen, cyclic, Object.create(null), undefined, null, 1, Symbol('s')]) {
      expect(() => sentry.report(error, { fields: cyclic })).not.toThrow()
    }
    await sentry.flush()
    expect(Object.isFrozen(frozen)).toBe(true)
  })

  test('report() goes on when the meter throws', async () => {
    const broken = (): never => {
      throw new Error('meter is down')
    }
    const meter = {
      instruments: () => ({ reports: { inc: broken, bind: broken } }) as never,
      onCollect: () => () => {},
    }
    const sentry = await start({ meter })

    sentry.report(new Error('arrives'))
    await sentry.flush()

    expect(ingest.events).toHaveLength(1)
  })

  test('delivers what is queued when the lifecycle flushes', async () => {
    const flushes: [string, () => void | Promise<void>][] = []
    const lifecycle: Lifecycle = {
      draining: false,
      onDrain: () => {},
      onClose: () => {},
      onFlush: (name, flush) => void flushes.push([name, flush]),
    }
    const sentry = await start({ lifecycle })

    sentry.report(new Error('last words'))
    for (const [, flush] of flushes) await flush()

    expect(flushes.map(([name]) => name)).toEqual(['sentry'])
    expect(ingest.events).toHaveLength(1)
  })

  test.each(['throw', 'reject'])('reports as fatal what ends the process by %s', async (crash) => {
    const child = fileURLToPath(new URL('./crashing.ts', import.meta.url))
    const env = { ...process.env, DSN: ingest.dsn, CRASH: crash }

    const exitCode = await new Promise((resolve) => {
      execFile(process.execPath, ['--conditions=@ops/source', child], { env }, (error) => resolve(error?.code))
    })

    expect(exitCode).toBe(70)
    expect(ingest.events).toHaveLength(1)
    expect(ingest.events[0]).toMatchObject({ level: 'fatal', tags: { service: 'crashing' } })
    expect(ingest.events[0]?.exception.values[0]).toMatchObject({
      type: 'FatalFault',
      mechanism: { handled: false },
    })
  })
})
