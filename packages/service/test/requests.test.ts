/** Limits and flags as a running service wires them: live settings, its own name, its ports. */
import { createContext, createSpanId, runInContext } from '@ops/core'
import { createFlagStore, defineFlags, flag } from '@ops/flags'
import type { OpsLogger } from '@ops/logger'
import { recordLogs, recordMetrics, waitFor } from '@ops/testing'
import { Redis } from 'ioredis'
import { afterEach, expect, inject, test } from 'vitest'
import { startFlags } from '../src/feature-flags.ts'
import { createRequests } from '../src/requests.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function connect(): Promise<Redis> {
  const redis = new Redis(inject('redisUrl'), { protocol: 2, replyMapping: 'legacy' })
  closers.push(() => redis.disconnect())
  await redis.ping()
  return redis
}

function portsWith(settings: Record<string, unknown> = {}, overloaded = false) {
  const metrics = recordMetrics()
  const closed: (() => unknown)[] = []
  const lifecycle = {
    draining: false,
    onDrain() {},
    onFlush() {},
    onClose: (_: string, end: () => unknown) => closed.push(end),
  }
  closers.push(() => Promise.all(closed.map((end) => end())))
  return {
    metrics,
    settings,
    ports: {
      service: `t${createSpanId()}`,
      settings: () => settings,
      health: { status: () => ({ started: true, draining: false, overloaded, checks: [], unready: [] }) },
      meter: metrics.meter,
      logger: recordLogs().logger as OpsLogger,
      lifecycle: lifecycle as never,
    },
  }
}

const asUser = <T>(userId: string, fn: () => T) => runInContext(createContext({ userId }), fn)

test('limitRequests() limits each user by RATE_LIMIT_PER_MIN, and follows it when it changes', async () => {
  const { ports, settings, metrics } = portsWith({ RATE_LIMIT_PER_MIN: 1 })
  const requests = await createRequests({}, ports)
  expect(requests.limiter).toBeUndefined()
  await requests.limitRequests({ redis: await connect() })
  const take = async (user: string) => (await asUser(user, () => requests.limiter?.take()))?.allowed

  expect([await take('u1'), await take('u1'), await take('u2')]).toEqual([true, false, true])
  settings['RATE_LIMIT_PER_MIN'] = 2
  expect([await take('u1'), await take('u1')]).toEqual([true, false])
  expect(metrics.value('rate_limit_decisions_total', { limiter: ports.service, result: 'refused' })).toBe(2)
})

test('limitRequests() admits 600 a minute when no setting says otherwise', async () => {
  const { ports } = portsWith()
  const requests = await createRequests({}, ports)
  await requests.limitRequests({ redis: await connect() })

  const { headers } = (await asUser('u1', () => requests.limiter?.take())) as { headers: Record<string, string> }

  expect(headers['RateLimit-Limit']).toBe('600')
})

test('createRequests() limits requests at once when told to, and passes the rest on', async () => {
  const { ports, metrics } = portsWith()
  const options = {
    trust: 'none',
    timeoutHeader: 'grpc-timeout',
    concurrency: { initialLimit: 7, minLimit: 1 },
  } as const
  const requests = await createRequests(options, ports)
  await metrics.collect()

  expect(metrics.value('concurrency_limit', { limiter: ports.service })).toBe(7)
  expect(requests).toMatchObject({ trust: 'none', timeoutHeader: 'grpc-timeout', concurrency: { limit: 7 } })
})

test('createRequests() makes no limit by itself', async () => {
  const requests = await createRequests({}, portsWith().ports)

  expect([requests.concurrency, requests.limiter]).toEqual([undefined, undefined])
})

test('startFlags() evaluates what Redis says, and only while ENABLE_FEATURE_FLAGS is on', async () => {
  const { ports, settings, metrics } = portsWith({ ENABLE_FEATURE_FLAGS: true })
  const redis = await connect()
  const name = `t${createSpanId()}`
  const catalog = defineFlags({ 'new-checkout': flag(false, 'New checkout') })
  const store = createFlagStore({ redis, name })
  await store.set('new-checkout', { enabled: true }, { author: 'test', reason: 'test' })

  const features = await startFlags(catalog, { redis, name }, ports)
  expect(features.isEnabled('new-checkout')).toBe(true)
  settings['ENABLE_FEATURE_FLAGS'] = false
  expect(features.isEnabled('new-checkout')).toBe(false)
  settings['ENABLE_FEATURE_FLAGS'] = true
  await store.set('new-checkout', { enabled: false }, { author: 'test', reason: 'test' })
  await waitFor(() => !features.isEnabled('new-checkout'))

  await metrics.collect()
  expect(metrics.value('feature_flag_evaluations_total', { flag: 'new-checkout', result: 'true' })).toBeGreaterThan(0)
})
