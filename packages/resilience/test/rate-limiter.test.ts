import { createContext, runInContext } from '@ops/core'
import { createTestClock, recordMetrics } from '@ops/testing'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { createRateLimiter, type RateLimiterOptions } from '../src/index.ts'
import { createLocalWindows } from '../src/local-window.ts'
import { headersOf } from '../src/rate-limit-headers.ts'
import { compete } from './competition.ts'
import { connect, uniqueName } from './fixture.ts'

const ANSWER = { allowed: true, remaining: 2, retryAfterMs: 0, resetMs: 1_000 }

async function setup(options: Partial<RateLimiterOptions> = {}) {
  const metrics = recordMetrics()
  const name = uniqueName()
  const redis = await connect()
  const settings = { redis, name, limit: 3, perMs: 60_000, redisTimeoutMs: 5_000, meter: metrics.meter, ...options }
  return { limiter: createRateLimiter(settings), metrics, name, redis, settings }
}

test('take() admits up to the limit, then refuses with the time to wait', async () => {
  const { limiter, metrics, name } = await setup()

  const decisions = []
  for (let i = 0; i < 4; i++) decisions.push(await limiter.take({ key: 'u1' }))

  expect(decisions.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
  ])
  const { headers, retryAfterMs, by } = decisions[3] as (typeof decisions)[number]
  expect(by).toBe('redis')
  expect(retryAfterMs).toBeGreaterThan(59_000)
  expect(retryAfterMs).toBeLessThanOrEqual(62_000)
  expect(headers).toMatchObject({
    'RateLimit-Policy': `"${name}";q=3;w=60`,
    RateLimit: `"${name}";r=0;t=${headers['RateLimit-Reset']}`,
    'RateLimit-Limit': '3',
    'RateLimit-Remaining': '0',
  })
  expect(Number(headers['Retry-After'])).toBe(Math.ceil(retryAfterMs / 1000))
  expect(decisions[0]?.headers).not.toHaveProperty('Retry-After')
  expect(metrics.value('rate_limit_decisions_total', { limiter: name, result: 'admitted' })).toBe(3)
  expect(metrics.value('rate_limit_decisions_total', { limiter: name, result: 'refused' })).toBe(1)
  expect(metrics.problems).toEqual([])
})

test('take() counts each key apart, and each request by its cost', async () => {
  const { limiter } = await setup()

  expect((await limiter.take({ key: 'a', cost: 3 })).allowed).toBe(true)
  expect((await limiter.take({ key: 'a' })).allowed).toBe(false)
  expect((await limiter.take({ key: 'b', cost: 2 })).remaining).toBe(1)
  expect((await limiter.take({ key: 'b', cost: 2 })).allowed).toBe(false)
})

test('take() shares the limit between limiters of one name', async () => {
  const { settings } = await setup()
  const [one, other] = [createRateLimiter(settings), createRateLimiter({ ...settings, redis: await connect() })]

  await one.take({ key: 'u1', cost: 2 })

  expect((await other.take({ key: 'u1' })).remaining).toBe(0)
})

test('take() limits the user of the context, and nobody where there is none', async () => {
  const { limiter, metrics } = await setup()
  const take = (userId?: string) => runInContext(createContext({ userId }), () => limiter.take())

  expect((await take('u1')).remaining).toBe(2)
  expect((await take('u1')).remaining).toBe(1)
  expect((await take('u2')).remaining).toBe(2)
  expect(await take()).toMatchObject({ allowed: true, by: 'none', headers: {} })
  expect(await limiter.take()).toMatchObject({ allowed: true, by: 'none' })
  expect(metrics.value('rate_limit_decisions_total', { result: 'exempt' })).toBe(2)
})

test('take() counts users of one id apart when their tenants differ', async () => {
  const { limiter } = await setup({ limit: 1 })
  const take = (tenant: string) => runInContext(createContext({ tenant, userId: 'u1' }), () => limiter.take())

  expect([(await take('acme')).allowed, (await take('globex')).allowed, (await take('acme')).allowed]).toEqual([
    true,
    true,
    false,
  ])
})

test('take() goes by the limit of the moment when it is a function, and by its last sound answer when that is nonsense', async () => {
  let perWindow = 1
  const { limiter } = await setup({ limit: () => perWindow })
  const allowed = async () => (await limiter.take({ key: 'u1' })).allowed

  expect([await allowed(), await allowed()]).toEqual([true, false])
  perWindow = 2
  expect([await allowed(), await allowed(), limiter.limit]).toEqual([true, false, 2])
  perWindow = Number.NaN
  expect([await allowed(), limiter.limit]).toEqual([false, 2])
})

test('take() names a limiter in the headers as a structured string, whatever its name', async () => {
  const names = ['plain', 'with "quotes"', 'naïve']
  const headers = names.map((name) => headersOf(ANSWER, { name, limit: 3, perMs: 1_000 })['RateLimit-Policy'])

  expect(headers).toEqual(['"plain";q=3;w=1', '"with \\"quotes\\"";q=3;w=1', '"na%C3%AFve";q=3;w=1'])
})

test('take() keeps apart keys that differ in any character, however long or odd', async () => {
  const { limiter } = await setup({ limit: 1 })
  const keys = ['a', 'a}', '{a}', 'a:b', 'a%3Ab', 'é', '\ud800', 'x'.repeat(5_000), `${'x'.repeat(5_000)}y`, '']

  for (const key of keys) expect((await limiter.take({ key })).allowed, key.slice(0, 20)).toBe(true)
})

test('take() holds 10,000 keys in Redis, each of which expires', async () => {
  const { limiter, redis, name } = await setup()
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`)

  const decisions = await Promise.all(keys.map((key) => limiter.take({ key })))

  expect(decisions.every(({ allowed, by }) => allowed && by === 'redis')).toBe(true)
  expect(await redis.pttl(`ratelimit:{${name}:k77}`)).toBeGreaterThan(0)
  expect(await redis.hlen(`ratelimit:{${name}:k77}`)).toBe(1)
})

test('take() moves what lies ahead to the present when the clock of Redis was set back', async () => {
  const { limiter, redis, name } = await setup({ limit: 5 })
  const key = `ratelimit:{${name}:u1}`
  await redis.hset(key, String(Math.floor(Date.now() / 2000) + 1_800_000), 5)

  const refused = await limiter.take({ key: 'u1' })

  expect(refused.allowed).toBe(false)
  expect(refused.retryAfterMs).toBeLessThanOrEqual(62_000)
})

test('take() admits no more than the limit in any window when 4 processes compete on a real Redis', async () => {
  const { hostname, port } = new URL(inject('redisUrl'))
  const shared = { addresses: [{ host: hostname, port: Number(port) }], name: uniqueName() }
  const limits = { limit: 40, perMs: 600, windows: 4, keys: ['one'] }

  const { total, fullest } = await compete({ ...shared, ...limits })

  expect(fullest).toBeLessThanOrEqual(limits.limit)
  // All of it is used, and free again.
  expect(fullest).toBeGreaterThan(limits.limit / 2)
  expect(total).toBeGreaterThan(limits.limit)
}, 60_000)

test('createLocalWindows() admits no more than the limit in any window, whatever the times', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 80 }), async (gapsMs) => {
      const clock = createTestClock()
      const windows = createLocalWindows(clock)
      const admitted: number[] = []
      for (const gapMs of gapsMs) {
        await clock.advance(gapMs)
        const answer = windows.take({ key: 'k', limit: 5, perMs: 1_000, cost: 1 })
        if (answer.allowed) admitted.push(clock.monotonic())
        else expect(answer.retryAfterMs).toBeGreaterThan(0)
      }
      for (const from of admitted) {
        expect(admitted.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(5)
      }
    }),
  )
})

test('createLocalWindows() admits again once the time it named has passed', async () => {
  const clock = createTestClock()
  const windows = createLocalWindows(clock)
  const question = { key: 'k', limit: 2, perMs: 1_000, cost: 1 }
  windows.take(question)
  await clock.advance(500)
  windows.take(question)

  const { retryAfterMs, resetMs } = windows.take(question)
  await clock.advance(retryAfterMs - 1)
  expect(windows.take(question).allowed).toBe(false)
  await clock.advance(1)

  expect(windows.take(question).allowed).toBe(true)
  expect(resetMs).toBeGreaterThan(retryAfterMs)
})

test.each([
  [{ name: '' }, 'name is ""'],
  [{ redis: {} }, 'redis is no ioredis client'],
  [{ limit: 0 }, 'limit is 0, expected a whole number from 1'],
  [{ perMs: 50 }, 'perMs is 50'],
  [{ instances: 0 }, 'instances is 0'],
  [{ redisTimeoutMs: 0 }, 'redisTimeoutMs is 0'],
])('createRateLimiter() throws when given %o', async (options, message) => {
  const { settings } = await setup()

  expect(() => createRateLimiter({ ...settings, ...options } as RateLimiterOptions)).toThrow(message)
})
