import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { createContext, OpsError, runInContext, type Scrubber } from '@ops/core'
import { createTestClock, recordLogs, recordMetrics } from '@ops/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sentry, type StartSentryOptions, startSentry } from '../src/index.ts'
import { type Ingest, startIngest } from './ingest.ts'

/** Blanks one word wherever it stands, as a stand-in for the real scrubber. */
const scrubber: Scrubber = {
  text: (text) => text.replaceAll('hunter2', '***'),
  value: (value) => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '***')),
}

let ingest: Ingest
let metrics: ReturnType<typeof recordMetrics>
const started: Sentry[] = []

beforeEach(async () => {
  ingest = await startIngest()
  metrics = recordMetrics()
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((sentry) => sentry.close()))
  await ingest.close()
})

async function start(options: Partial<StartSentryOptions> = {}): Promise<Sentry> {
  const { meter } = metrics
  const sentry = await startSentry({
    dsn: ingest.dsn,
    service: 'orders',
    version: '1.2.3',
    env: 'test',
    scrubber,
    meter,
    ...options,
  })
  started.push(sentry)
  return sentry
}

const outcome = (name: string) => metrics.value('sentry_reports_total', { outcome: name })

describe('startSentry()', () => {
  test('report() delivers type, message, stack, cause, release and environment', async () => {
    const sentry = await start()
    const error = new TypeError('cannot price', { cause: new RangeError('no rate') })

    const id = sentry.report(error)
    await sentry.flush()

    expect(ingest.events).toHaveLength(1)
    const [event] = ingest.events
    expect(event).toMatchObject({
      event_id: id,
      release: 'orders@1.2.3',
      environment: 'test',
      level: 'error',
      platform: 'node',
    })
    const values = event?.exception.values
    expect(values?.map((one) => [one.type, one.value])).toEqual([
      ['RangeError', 'no rate'],
      ['TypeError', 'cannot price'],
    ])
    expect(JSON.stringify(values?.[1]?.stacktrace)).toContain('start-sentry.test.ts')
    expect(outcome('sent')).toBe(1)
    expect(metrics.problems).toEqual([])
  })

  test('report() attaches trace, request, tenant and user of the unit of work that runs', async () => {
    const sentry = await start()
    const units = ['acme', 'globex'].map((tenant) =>
      createContext({ tenant, userId: `user-of-${tenant}`, requestId: `r-${tenant}` }),
    )

    for (const unit of units) runInContext(unit, () => sentry.report(new Error(`of ${unit.tenant}`)))
    await sentry.flush()

    expect(ingest.events).toHaveLength(2)
    for (const unit of units) {
      const event = ingest.events.find((one) => one.tags['tenant'] === unit.tenant)
      expect(event).toMatchObject({
        tags: { service: 'orders', request_id: `r-${unit.tenant}` },
        user: { id: `user-of-${unit.tenant}` },
        contexts: { trace: { trace_id: unit.traceId, span_id: unit.spanId } },
      })
    }
  })

  test('report() scrubs message, cause, fields and code on the wire', async () => {
    const sentry = await start()
    const error = Object.assign(new Error('login with hunter2', { cause: new Error('hunter2 again') }), {
      note: 'hunter2',
    })

    sentry.report(error, { fields: { password: 'hunter2', nested: [{ deep: 'hunter2' }], kept: 'visible' } })
    sentry.report({ plain: 'hunter2 object' })
    sentry.report('hunter2 as text')
    await sentry.flush()

    expect(ingest.events).toHaveLength(3)
    expect(ingest.wire()).not.toContain('hunter2')
    expect(ingest.events.find((event) => event.extra?.['kept'])?.extra).toMatchObject({
      password: '***',
      nested: [{ deep: '***' }],
      kept: 'visible',
    })
  })

  test('report() sends no free text when there is no scrubber', async () => {
    const sentry = await start({ scrubber: undefined })

    sentry.report(Object.assign(new Error('private words'), { code: 'E_PRICE' }), { fields: { note: 'private field' } })
    await sentry.flush()

    expect(ingest.wire()).not.toContain('private')
    expect(ingest.events[0]).toMatchObject({ tags: { service: 'orders', error_code: 'E_PRICE' } })
    expect(ingest.events[0]?.exception.values[0]?.type).toBe('Error')
  })

  test('report() leaves out expected errors, and those reported before', async () => {
    const sentry = await start()
    const fault = new Error('once')

    const ids = [
      new OpsError('Cannot do', { code: 'OPS_X_Y', expected: true }),
      Object.assign(new Error('not found'), { statusCode: 404 }),
      fault,
      fault,
    ].map((error) => sentry.report(error))
    await sentry.flush()

    expect(ids.map((id) => id !== undefined)).toEqual([false, false, true, false])
    expect(ingest.events).toHaveLength(1)
    expect([outcome('expected'), outcome('duplicate'), outcome('sent')]).toEqual([2, 1, 1])
  })

  test('report() holds back what is over the cap, and says how many with the next one', async () => {
    const clock = createTestClock()
    const sentry = await start({ clock, maxPerMinute: 2 })
    const fail = (n: number) => sentry.report(new Error(`attempt ${n}`))

    for (let n = 0; n < 10; n++) fail(n)
    sentry.report(new TypeError('another fault'))
    await clock.advance(60_000)
    fail(10)
    await sentry.flush()

    expect(ingest.events).toHaveLength(4)
    expect(outcome('capped')).toBe(8)
    expect(ingest.events.map((event) => event.tags['suppressed']).filter(Boolean)).toEqual(['8'])
  })

  test('reportErrorsOf() writes as before and reports the errors of error and fatal records', async () => {
    const sentry = await start()
    const { logger: plain, records } = recordLogs()
    const logger = sentry.reportErrorsOf(plain)

    logger.child({ part: 'checkout' }).error({ error: new Error('one'), order: 7 }, 'charge failed')
    logger.fatal(new Error('two'))
    logger.warn({ error: new Error('three') }, 'slow')
    logger.error('no error here')
    await sentry.flush()

    expect(records.map((record) => [record.level, record.message])).toEqual([
      ['error', 'charge failed'],
      ['fatal', 'two'],
      ['warn', 'slow'],
      ['error', 'no error here'],
    ])
    const byLevel = Object.fromEntries(ingest.events.map((event) => [event.level, event]))
    expect(ingest.events).toHaveLength(2)
    expect(byLevel['error']?.extra).toEqual({ order: 7, message: 'charge failed' })
    expect(byLevel['fatal']?.exception.values[0]?.value).toBe('two')
  })

  test('leaves OpenTelemetry, the process and its listeners as they were', async () => {
    const before = process.eventNames().map((name) => [name, process.listenerCount(name)])
    const handlers = process.listenerCount('uncaughtException')
    const provider = trace.getTracerProvider()
    const active = context.active()

    const sentry = await startSentry({ dsn: ingest.dsn, service: 'a', version: '1', env: 'test' })
    expect(trace.getTracerProvider()).toBe(provider)
    expect(context.active()).toBe(active)
    expect(process.listenerCount('uncaughtException')).toBe(handlers)
    expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(false)
    await sentry.close()

    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(before)
  })

  test.each([undefined, ''])('answers an idle Sentry when the dsn is %j', async (dsn) => {
    const sentry = await startSentry({ dsn, service: 'a', version: '1', env: 'test' })
    const { logger } = recordLogs()

    expect(sentry.enabled).toBe(false)
    expect(sentry.report(new Error('x'))).toBeUndefined()
    expect(sentry.reportErrorsOf(logger)).toBe(logger)
    expect(await sentry.flush()).toBe(true)
    await sentry.close()
  })

  test('loads nothing of the SDK when the dsn is absent', async () => {
    const child = fileURLToPath(new URL('./loads-nothing.ts', import.meta.url))
    const run = (dsn: string) =>
      promisify(execFile)(process.execPath, ['--conditions=@ops/source', child], { env: { ...process.env, DSN: dsn } })

    const without = JSON.parse((await run('')).stdout)
    const withDsn = JSON.parse((await run(ingest.dsn)).stdout)

    expect(without).toEqual({ enabled: false, sentry: 0 })
    expect(withDsn.enabled).toBe(true)
    expect(withDsn.sentry).toBeGreaterThan(0)
  })

  test.each([
    [{ dsn: 'nonsense' }, TypeError],
    [{ dsn: 'https://sentry.example.com/1' }, TypeError],
    [{ service: '' }, TypeError],
    [{ env: 'x'.repeat(65) }, TypeError],
    [{ maxPerMinute: 0 }, RangeError],
    [{ flushTimeoutMs: 1.5 }, RangeError],
  ])('throws when an option is outside its range: %j', async (options, kind) => {
    await expect(start(options)).rejects.toThrow(kind)
  })

  test('does not echo a malformed dsn, which may hold a key', async () => {
    await expect(start({ dsn: 'https//secretkey@host/1' })).rejects.toThrow(/^(?!.*secretkey).*$/)
  })
})
