/** The limiter when its Redis is cut, frozen, restarted or says nonsense. */
import { createFaultProxy, createTestClock, recordLogs, recordMetrics, startRedisServer, waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import { createRateLimiter, type RateLimiterOptions } from '../src/index.ts'
import { closing, connect, uniqueName } from './fixture.ts'

async function setup(options: Partial<RateLimiterOptions> = {}) {
  const server = await startRedisServer()
  closing(() => server.close())
  const proxy = await createFaultProxy({ host: '127.0.0.1', port: server.port })
  closing(() => proxy.close())
  const redis = await connect(`redis://127.0.0.1:${proxy.port}`)
  const [metrics, logs] = [recordMetrics(), recordLogs()]
  const ports = { meter: metrics.meter, logger: logs.logger }
  // Long enough for a Redis that answers on a machine that is busy: what is away says so at once, but for a frozen one.
  const limits = { limit: 8, perMs: 60_000, instances: 4, redisTimeoutMs: 1_500 }
  const limiter = createRateLimiter({ redis, name: uniqueName(), ...limits, ...ports, ...options })
  const take = () => limiter.take({ key: 'u1' })
  /** Takes until Redis decides again. */
  const untilShared = () => waitFor(async () => (await take()).by === 'redis', { timeoutMs: 10_000 })
  return { server, proxy, redis, metrics, logs, limiter, take, untilShared }
}

test('take() admits its share of the limit when Redis is cut, and marks it', async () => {
  const { proxy, take, metrics, logs } = await setup()
  await take()
  proxy.cut()
  proxy.failNext(1_000)

  const decisions = []
  for (let i = 0; i < 4; i++) decisions.push(await take())

  expect(decisions.map(({ allowed, by, limit }) => [allowed, by, limit])).toEqual([
    [true, 'local', 2],
    [true, 'local', 2],
    [false, 'local', 2],
    [false, 'local', 2],
  ])
  expect(decisions[3]?.headers['Retry-After']).toBeDefined()
  expect(metrics.value('rate_limit_decisions_total', { result: 'admitted_locally' })).toBe(2)
  expect(metrics.value('rate_limit_decisions_total', { result: 'refused_locally' })).toBe(2)
  expect(logs.records.filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('take() answers after redisTimeoutMs when Redis is frozen, and asks it no more until a probe', async () => {
  const clock = createTestClock()
  let asked = 0
  const frozen = () => {
    asked++
    return new Promise<never>(() => {})
  }
  const { limiter } = await setup({ clock, redis: { evalsha: frozen, eval: frozen }, redisTimeoutMs: 100 })

  const first = limiter.take({ key: 'u1' })
  await clock.advance(100)
  expect((await first).by).toBe('local')
  await limiter.take({ key: 'u1' })
  expect(asked).toBe(1)
  await clock.advance(1_000)
  const probe = limiter.take({ key: 'u1' })
  expect((await limiter.take({ key: 'u1' })).by).toBe('local')
  await clock.advance(100)

  expect((await probe).by).toBe('local')
  expect(asked).toBe(2)
})

test('take() counts in Redis again when it thaws', async () => {
  const { server, take, untilShared, logs } = await setup({ limit: 1_000_000 })
  await take()
  server.freeze()
  expect((await take()).by).toBe('local')

  server.thaw()
  await untilShared()

  expect(logs.records.map(({ message }) => message)).toEqual([
    'rate limiter counts locally: redis does not answer',
    'rate limiter counts in redis again',
  ])
})

test('take() counts in Redis again when it was restarted and knows no script', async () => {
  const { server, take, untilShared } = await setup({ limit: 1_000_000 })
  await take()
  await server.kill()
  expect((await take()).by).toBe('local')

  await server.start()

  await untilShared()
})

test('take() counts in Redis when its scripts are flushed in between', async () => {
  const { redis, take } = await setup()
  await take()

  await redis.script('FLUSH')

  expect(await take()).toMatchObject({ by: 'redis', remaining: 6 })
})

test('take() decides locally when something else lies at its key', async () => {
  const { redis, limiter } = await setup()
  await redis.set(`ratelimit:{${limiter.name}:u1}`, 'text')

  expect((await limiter.take({ key: 'u1' })).by).toBe('local')
})

test('take() holds no more than 10,000 keys in memory when Redis is away', async () => {
  const away = () => Promise.reject(new Error('away'))
  const { limiter } = await setup({ redis: { evalsha: away, eval: away } })

  for (let i = 0; i < 10_001; i++) await limiter.take({ key: `k${i}`, cost: 2 })

  expect((await limiter.take({ key: 'k10000' })).allowed).toBe(false)
  expect((await limiter.take({ key: 'k0' })).allowed).toBe(true)
})
