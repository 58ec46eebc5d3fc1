/** Errors of a running service as Sentry receives them: from requests, jobs and the end of the process. */
import { randomUUID } from 'node:crypto'
import { createSpanId } from '@ops/core'
import { waitFor } from '@ops/testing'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Ingest, startIngest, type WireEvent } from '../../packages/sentry/test/ingest.ts'
import { type ServiceProcess, startService } from './service-process.ts'

const TOKEN = 'canary-4f9a-token'
let ingest: Ingest
beforeEach(async () => {
  ingest = await startIngest()
})
afterEach(() => ingest.close())

const start = (env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> =>
  startService('failing', {
    REDIS_URL: inject('redisUrl'),
    QUEUE: `reports-${createSpanId()}`,
    API_TOKEN: TOKEN,
    SENTRY_DSN: ingest.dsn,
    SERVICE_VERSION: '1.2.3',
    SERVICE_ENV: 'test',
    ...env,
  })

async function firstEvent(): Promise<WireEvent & Readonly<Record<string, unknown>>> {
  await waitFor(() => ingest.events.length > 0)
  return ingest.events[0] as WireEvent & Readonly<Record<string, unknown>>
}

describe('run()', () => {
  test('run() reports the error of a failed request, with release, tenant and trace, and without a secret', async () => {
    const { app, lines } = await start()
    await fetch(`${app}/expected`)
    await fetch(`${app}/request`)

    const event = await firstEvent()
    await waitFor(() => lines.some(({ error }) => (error as { type?: string } | undefined)?.type === 'ChargeFault'))

    const line = lines.find(({ error }) => (error as { type?: string } | undefined)?.type === 'ChargeFault')
    expect(event).toMatchObject({
      release: 'failing@1.2.3',
      environment: 'test',
      level: 'error',
      tags: { service: 'failing', tenant: 'acme', request_id: line?.['request_id'] },
      contexts: { trace: { trace_id: line?.['trace_id'] } },
      extra: { route: '/request', status: 500, message: 'request failed' },
      exception: { values: [{ type: 'ChargeFault', mechanism: { handled: true } }] },
    })
    expect(ingest.events).toHaveLength(1)
    expect(ingest.wire()).not.toContain(TOKEN)
  })

  test('run() reports the error of a job that died, in the context of the job', async () => {
    const { app, lines } = await start()
    await fetch(`${app}/job`)

    const event = await firstEvent()
    await waitFor(() => lines.some(({ message }) => message === 'job is dead'))

    const line = lines.find(({ message }) => message === 'job is dead')
    expect(event).toMatchObject({
      tags: { service: 'failing', tenant: 'acme' },
      contexts: { trace: { trace_id: line?.['trace_id'] } },
      extra: { job: 'charge', verdict: 'exhausted', message: 'job is dead' },
      exception: { values: [{ type: 'ChargeFault' }] },
    })
    expect(ingest.wire()).not.toContain(TOKEN)
  })

  test.each(['/throw', '/reject'])(
    'run() reports what ended the process before it exits when %s is asked',
    async (path) => {
      const { app, exited } = await start()
      await fetch(`${app}${path}`).catch(() => undefined)

      expect(await exited).toBe(1)
      expect(ingest.events).toHaveLength(1)
      expect(ingest.events[0]).toMatchObject({ level: 'fatal', exception: { values: [{ type: 'ChargeFault' }] } })
    },
  )

  test('run() delivers what was reported before it ends when SIGTERM comes', async () => {
    const { app, child, exited } = await start()
    await fetch(`${app}/request`)
    child.kill('SIGTERM')

    expect(await exited).toBe(0)
    expect(ingest.events).toHaveLength(1)
  })

  test('run() ends in time, cleanly, when SIGTERM comes and Sentry hangs', async () => {
    ingest.answer = 'hang'
    const { app, child, exited, lines } = await start()
    await fetch(`${app}/request`)
    child.kill('SIGTERM')

    expect(await exited).toBe(0)
    expect(lines.some(({ message }) => String(message).startsWith('Stopped cleanly'))).toBe(true)
  })

  test('run() serves on and says once that reports are not delivered when Sentry refuses them', async () => {
    ingest.answer = { status: 403 }
    const { app, ops, lines } = await start()
    await fetch(`${app}/request`)
    await fetch(`${app}/request`)
    const refused = async () => (await (await fetch(`${ops}/metrics`)).text()).includes('outcome="refused"} 2')
    await waitFor(refused)

    expect(lines.filter(({ message }) => message === 'error reports are not delivered')).toHaveLength(1)
  })

  test('run() says what is wrong and keeps the key to itself when the DSN is malformed', async () => {
    const key = randomUUID()

    const failed = start({ SENTRY_DSN: `https://${key}@127.0.0.1/no-number` })

    await expect(failed).rejects.toThrow(/the dsn is malformed/)
    await expect(failed).rejects.not.toThrow(key)
  })

  test('run() loads nothing of Sentry when there is no DSN', async () => {
    const { app, ops, lines } = await start({ SENTRY_DSN: '' })
    await fetch(`${app}/request`)
    await waitFor(() => lines.some(({ message }) => message === 'request failed'))

    expect(await (await fetch(`${ops}/metrics`)).text()).not.toContain('sentry_reports_total')
    expect(ingest.wire()).toBe('')
  })
})
