/** Flags in Redis: changes that arrive, and a Redis that is cut, frozen, restarted, or holds nonsense. */
import { createFaultProxy, createTestClock, recordLogs, startRedisServer, waitFor } from '@ops/testing'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import {
  createFlagStore,
  createFlags,
  defineFlags,
  flag,
  type RedisFlagsOptions,
  type RedisLike,
  type RedisSubscriber,
  redisFlags,
} from '../src/index.ts'
import { closing, connect, uniqueName } from './fixture.ts'

const catalog = defineFlags({ 'new-checkout': flag(false, 'New checkout flow'), other: flag(false, 'Another') })
const by = { author: 'ada', reason: 'rollout' }
const ON = { enabled: true }
const OFF = { enabled: false }

async function setup(options: Partial<RedisFlagsOptions> = {}) {
  const server = await startRedisServer()
  closing(() => server.close())
  const proxy = await createFaultProxy({ host: '127.0.0.1', port: server.port })
  closing(() => proxy.close())
  const redis = options.redis ?? (await connect(`redis://127.0.0.1:${proxy.port}`))
  const writer = await connect(server.url)
  const [logs, clock] = [recordLogs(), createTestClock()]
  const provider = redisFlags({ redis, clock, logger: logs.logger, redisTimeoutMs: 100, ...options })
  const features = createFlags(catalog, { provider, domain: uniqueName() })
  closing(() => features.close())
  const isOn = () => features.isEnabled('new-checkout')
  return { server, proxy, features, provider, logs, clock, isOn, store: createFlagStore({ redis: writer }), writer }
}

test('set() reaches other processes without waiting for the cache to expire', async () => {
  const { features, store, isOn } = await setup()
  await features.ready
  expect(isOn()).toBe(false)

  // The first one may come before the subscription stands.
  await waitFor(async () => {
    await store.set('new-checkout', ON, by)
    return isOn()
  })
  await store.set('new-checkout', OFF, by)

  await waitFor(() => !isOn())
})

test('set() notes who changed what and why, newest first', async () => {
  const { store } = await setup()
  await store.set('new-checkout', ON, by)
  await store.set('other', OFF, { author: 'bob', reason: 'incident' })

  expect(await store.list()).toEqual({ 'new-checkout': ON, other: OFF })
  expect(await store.tryGet('new-checkout')).toEqual(ON)
  expect(await store.tryGet('unknown')).toBeUndefined()
  expect((await store.history()).map(({ flag, author, reason }) => [flag, author, reason])).toEqual([
    ['other', 'bob', 'incident'],
    ['new-checkout', 'ada', 'rollout'],
  ])
  expect(await store.history('other')).toMatchObject([{ state: OFF, at: expect.any(Number) }])
  await expect(store.set('other', { enabled: 1 } as never, by)).rejects.toMatchObject({ code: 'OPS_FLAGS_INVALID' })
  await expect(store.set('other', ON, { author: '', reason: 'x' })).rejects.toThrow('an author and a reason')
})

test('redisFlags() sees a change that was not announced after cacheMs', async () => {
  const { features, writer, clock, isOn } = await setup()
  await features.ready
  await writer.hset('{flags}:states', 'new-checkout', JSON.stringify(ON))

  // Each step moves the cache's time once over: an answer of a real Redis takes real time.
  await waitFor(async () => {
    await clock.advance(30_000)
    return isOn()
  })
})

test('isEnabled() keeps what was read last when Redis is cut, and hears of changes when it is back', async () => {
  const { features, store, proxy, isOn, clock } = await setup()
  await store.set('new-checkout', ON, by)
  await features.ready
  expect(isOn()).toBe(true)

  proxy.cut()
  proxy.failNext(5)
  await clock.advance(30_000)
  expect(isOn()).toBe(true)
  await store.set('new-checkout', OFF, by)

  // Heard by the subscription, or read by the retry: whichever connection is back first.
  await waitFor(async () => {
    await clock.advance(1_000)
    return !isOn()
  })
})

test('isEnabled() keeps what was read last when Redis is frozen, and says so once', async () => {
  const { features, store, server, provider, isOn, logs, clock } = await setup()
  await store.set('new-checkout', ON, by)
  await features.ready
  await waitFor(() => isOn())

  server.freeze()
  for (let i = 0; i < 4; i++) await clock.advance(30_000)

  expect(isOn()).toBe(true)
  expect(provider.ageMs).toBeGreaterThanOrEqual(90_000)
  expect(logs.records.filter(({ message }) => message === 'feature flags cannot be read')).toHaveLength(1)
  server.thaw()
  await waitFor(async () => {
    await clock.advance(30_000)
    return logs.records.some(({ message }) => message === 'feature flags are read again')
  })
})

test('isEnabled() answers defaults when Redis was never there, and the states once it is', async () => {
  const { store, server, clock } = await setup()
  await store.set('new-checkout', ON, by)
  server.freeze()
  const provider = redisFlags({ redis: lateRedis(server.url), clock, redisTimeoutMs: 100 })
  const features = createFlags(catalog, { provider, domain: uniqueName() })
  closing(() => features.close())
  await clock.advance(200)
  await features.ready

  expect(features.isEnabled('new-checkout')).toBe(false)
  server.thaw()
  await waitFor(async () => {
    await clock.advance(30_000)
    return features.isEnabled('new-checkout')
  })
})

test('isEnabled() takes the states of a Redis that was restarted empty for what they are: defaults', async () => {
  const { features, store, server, isOn, clock } = await setup()
  await store.set('new-checkout', ON, by)
  await features.ready
  await waitFor(() => isOn())
  await server.kill()
  await clock.advance(30_000)
  expect(isOn()).toBe(true)

  await server.start()

  await waitFor(async () => {
    await clock.advance(30_000)
    return !isOn()
  })
})

test.each(['no JSON', '{"enabled":"yes"}', '[]'])(
  'isEnabled() keeps the last good state of a flag when Redis holds %s, and takes over the others',
  async (text) => {
    const { features, store, writer, isOn, logs } = await setup()
    await store.set('new-checkout', ON, by)
    await features.ready
    await waitFor(() => isOn())

    await writer.hset('{flags}:states', 'new-checkout', text)
    await waitFor(async () => {
      await store.set('other', ON, by)
      return features.isEnabled('other')
    })

    expect(isOn()).toBe(true)
    expect(logs.records.some(({ message }) => message === 'the state of a feature flag cannot be used')).toBe(true)
  },
)

test('isEnabled() answers from memory when something else lies at the key of the states', async () => {
  const { features, writer, isOn } = await setup()
  await writer.set('{flags}:states', 'text')
  await features.ready

  expect(isOn()).toBe(false)
})

test.each([
  [{ cacheMs: 50 }, 'cacheMs is 50, expected 100 to 3600000'],
  [{ redisTimeoutMs: 0 }, 'redisTimeoutMs is 0'],
])('redisFlags() throws when given %o', (options, message) => {
  expect(() => redisFlags({ redis: {} as RedisLike, ...options })).toThrow(message)
})

/** A client whose server does not answer yet. */
function lateRedis(url: string): RedisLike {
  const redis = new Redis(url, { protocol: 2, replyMapping: 'legacy', retryStrategy: () => 20 })
  redis.on('error', () => {})
  closing(() => redis.disconnect())
  return redis
}

test('set() is heard of, and nothing rejects unheard, when the subscription is lost while it is made', async () => {
  const server = await startRedisServer()
  closing(() => server.close())
  const proxy = await createFaultProxy({ port: server.port })
  closing(() => proxy.close())
  const redis = await connect(`redis://127.0.0.1:${proxy.port}`)
  const subscribers: RedisSubscriber[] = []
  const watched = Object.assign(redis as unknown as RedisLike, {
    duplicate(override?: object) {
      subscribers.push(Redis.prototype.duplicate.call(redis, { ...override, maxRetriesPerRequest: 0 }))
      return subscribers.at(-1) as RedisSubscriber
    },
  })
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.prependListener('unhandledRejection', note)
  closing(() => process.off('unhandledRejection', note))
  const name = uniqueName()
  const store = createFlagStore({ redis: await connect(server.url), name })
  const provider = redisFlags({ redis: watched, name, clock: createTestClock() })
  const features = createFlags(catalog, { provider, domain: uniqueName() })
  closing(() => features.close())
  await features.ready
  // Once a change is heard of, the subscription stands, and would be made anew.
  await waitFor(async () => {
    await store.set('new-checkout', ON, by)
    return features.isEnabled('new-checkout')
  })

  let losses = 0
  subscribers[0]?.on('ready', () => {
    if (losses++ < 5) proxy.cut()
  })
  proxy.cut()
  await waitFor(() => losses > 5)
  await waitFor(async () => {
    await store.set('new-checkout', OFF, by)
    return !features.isEnabled('new-checkout')
  })

  expect(unhandled).toEqual([])
})
