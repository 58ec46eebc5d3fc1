/** What the cache does when Redis misbehaves: every way it can, one at a time. */
import {
  createFaultProxy,
  createTestClock,
  type FaultProxy,
  type RedisServer,
  recordLogs,
  startRedisServer,
  waitFor,
} from '@ops/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RedisLike } from '../src/index.ts'
import { ACQUIRE } from '../src/scripts.ts'
import { asTenant, closing, connect, connectCache, uniqueName } from './fixture.ts'

let server: RedisServer
let proxy: FaultProxy
beforeEach(async () => {
  server = await startRedisServer()
  proxy = await createFaultProxy({ port: server.port })
})
afterEach(async () => {
  server.thaw()
  await proxy.close()
  await server.close()
})

const proxied = () => connect(`redis://127.0.0.1:${proxy.port}`)

describe('get()', () => {
  test('get() waits for the timeout once when Redis freezes, and then not at all', async () => {
    const clock = createTestClock()
    const cache = await connectCache({ redis: await proxied(), clock, redisTimeoutMs: 200 })
    const load = vi.fn(async (id: string) => `${id}!`)
    const user = cache.define('user', { ttl: '1m', load })
    await asTenant('a', () => user.get('0'))
    proxy.freeze()

    const first = asTenant('a', () => Promise.all(['0', '1', '2'].map((id) => user.get(id))))
    await clock.waitForTimers(1)
    await clock.advance(200)

    expect(await first).toEqual(['0!', '1!', '2!'])
    expect(cache.stats().redisAway).toBe(true)
    const before = clock.monotonic()
    expect(await asTenant('a', () => user.get('3'))).toBe('3!')
    expect(clock.monotonic()).toBe(before)
  })

  test('get() uses Redis again when it thaws, and has forgotten what this process held', async () => {
    const cache = await connectCache({
      redis: await proxied(),
      l1: { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 500 },
    })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    await waitFor(() => !cache.stats().l1.bypassed)
    await asTenant('a', () => user.get('1'))
    proxy.freeze()
    await waitFor(() => cache.stats().redisAway && cache.stats().l1.bypassed)
    proxy.thaw()

    await waitFor(() => !cache.stats().redisAway)

    expect(cache.stats().l1.entries).toBe(0)
    await waitFor(() => !cache.stats().l1.bypassed)
  })

  test('get() calls the loader when Redis is killed, and caches again when it is back empty', async () => {
    const cache = await connectCache({ redis: await connect(server.url) })
    const load = vi.fn(async () => 1)
    const user = cache.define('user', { ttl: '1m', load })
    await asTenant('a', () => user.get('1'))
    await server.kill()

    expect(await asTenant('a', () => user.get('1'))).toBe(1)
    expect(load).toHaveBeenCalledTimes(2)

    await server.start()
    await waitFor(() => !cache.stats().redisAway)
    await asTenant('a', async () => [await user.get('1'), await user.get('1')])
    expect(load).toHaveBeenCalledTimes(3)
  })

  test('get() serves a stale value of this process when Redis is gone and the loader fails', async () => {
    const cache = await connectCache({ redis: await connect(server.url), l1: { maxBytes: 2 ** 20 } })
    const load = vi.fn(async () => 1)
    const user = cache.define('user', { ttl: '1m', staleFor: '1h', load })
    await waitFor(() => !cache.stats().l1.bypassed)
    await asTenant('a', () => user.get('1'))
    load.mockRejectedValue(new Error('database gone'))
    const redisIsNoticed = waitFor(() => cache.stats().redisAway)
    // The stale copy must survive the outage: only the recovery empties the process.
    proxy.cut()
    await server.kill()
    await redisIsNoticed

    await expect(asTenant('a', () => user.get('2'))).rejects.toThrow('database gone')
    expect(await asTenant('a', () => user.get('1'))).toBe(1)
  })

  test('get() calls the loader when the connection is cut in the middle of a pipeline', async () => {
    const cache = await connectCache({ redis: await proxied() })
    const user = cache.define('user', { ttl: '1m', load: async (id: string) => id })
    const ids = Array.from({ length: 50 }, (_, i) => String(i))
    proxy.freeze()

    const reading = asTenant('a', () => user.getMany(ids))
    proxy.cut()
    proxy.thaw()

    expect(await reading).toEqual(ids)
  })

  test('get() returns the value uncached when Redis refuses to write: READONLY', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    const load = vi.fn(async () => 1)
    const user = cache.define('user', { ttl: '1m', load })
    await redis.replicaof('127.0.0.1', 1)

    expect(await asTenant('a', () => user.get('1'))).toBe(1)
    await expect(asTenant('a', () => user.invalidate('1'))).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })

    await redis.replicaof('NO', 'ONE')
    await asTenant('a', async () => [await user.get('1'), await user.get('1')])
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('get() returns the value uncached when Redis is out of memory', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    await redis.config('SET', 'maxmemory', '1')

    expect(await asTenant('a', () => user.get('1'))).toBe(1)
  })

  test('get() never brings back what was invalidated when Redis evicts keys', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    let version = 1
    const load = async (id: string) => ({ version, id, filler: `${Math.sqrt(Number(id) + 2)}`.repeat(100) })
    const user = cache.define('user', { ttl: '1m', load })
    const ids = Array.from({ length: 300 }, (_, i) => String(i))
    await redis.config('SET', 'maxmemory-policy', 'allkeys-random')
    await redis.config('SET', 'maxmemory', String(1_100_000 + 200_000))

    await asTenant('a', () => user.getMany(ids))
    version = 2
    await cache.for('a').purge()
    for (const tenant of ['b', 'c', 'd']) await asTenant(tenant, () => user.getMany(ids))

    const values = await asTenant('a', () => user.getMany(ids))
    expect(new Set(values.map((value) => value.version))).toEqual(new Set([2]))
    expect(Number(/evicted_keys:(\d+)/.exec(await redis.info('stats'))?.[1])).toBeGreaterThan(0)
  })

  test('get() goes on without Redis while every answer takes 500 ms', async () => {
    const cache = await connectCache({ redis: await proxied(), redisTimeoutMs: 100 })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    proxy.delayMs(250)

    expect(await asTenant('a', () => user.get('1'))).toBe(1)
    expect(cache.stats().redisAway).toBe(true)

    proxy.delayMs(0)
    await waitFor(() => !cache.stats().redisAway)
  })

  test('get() treats what it cannot read as a miss when a foreign hand wrote into Redis', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    const user = cache.define('user', { ttl: '1m', load: async () => ({ ok: true }) })
    await asTenant('a', () => user.get('1'))
    const [key] = (await redis.keys('*user*')) as [string]
    const bytes = (await redis.getBuffer(key)) as Buffer

    for (const damage of [
      Buffer.from('garbage'),
      bytes.subarray(0, 50),
      Buffer.concat([bytes, Buffer.from('}')]),
      Buffer.alloc(0),
    ]) {
      await redis.set(key, damage)
      expect(await asTenant('a', () => user.get('1'))).toEqual({ ok: true })
    }
  })

  test.each(['lost', 'late'])(
    'get() leaves no lease behind that nobody holds when its request for one is %s',
    async (fate) => {
      const name = uniqueName()
      const redis = await connect(server.url)
      const send = redis.callBuffer.bind(redis) as RedisLike['callBuffer']
      const late: (() => Promise<unknown>)[] = []
      const withFate: RedisLike['callBuffer'] = (command, ...args) => {
        if (args[0] !== ACQUIRE.digest) return send(command, ...args)
        if (fate === 'late') late.push(() => send(command, ...args))
        else void send(command, ...args)
        return new Promise(() => {})
      }
      const options = { ttl: '1m', timeout: { hardMs: 600_000 }, load: async () => 1 }
      const cache = await connectCache({ name, redis, redisTimeoutMs: 50 })
      const mine = cache.define('user', options)
      const theirs = (await connectCache({ name, redis: await connect(server.url) })).define('user', options)
      await asTenant('a', () => mine.get('warm'))

      redis.callBuffer = withFate as never
      expect(await asTenant('a', () => mine.get('1'))).toBe(1)
      await waitFor(() => !cache.stats().redisAway)
      for (const one of late) await one()
      redis.callBuffer = send as never
      await redis.ping()

      expect(await asTenant('a', () => theirs.get('1'))).toBe(1)
    },
  )

  test('get() caches the others when a value of another type lies under one key', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis, shardsPerTenant: 1 })
    const load = vi.fn(async (id: string) => id)
    const user = cache.define('user', { ttl: '1m', load })
    await asTenant('a', () => user.get('odd'))
    const [key] = (await redis.keys('*:user:*')) as [string]
    await redis.del(key)
    await redis.rpush(key, 'a list')

    for (let i = 0; i < 2; i++)
      expect(await asTenant('a', () => user.getMany(['1', 'odd', '2']))).toEqual(['1', 'odd', '2'])

    expect(load.mock.calls.map(([id]) => id).sort()).toEqual(['1', '2', 'odd', 'odd', 'odd'])
  })

  test('get() refuses an entry that was moved to another key', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis, shardsPerTenant: 1 })
    const user = cache.define('user', { ttl: '1m', load: async (id: string) => id })
    await asTenant('a', () => user.getMany(['1', '2']))
    const [one, two] = (await redis.keys('*user*')).sort() as [string, string]

    await redis.copy(one, two, 'REPLACE')

    expect(await asTenant('a', () => user.getMany(['1', '2']))).toEqual(['1', '2'])
  })

  test('log lines say once that Redis has gone and once that it is back', async () => {
    const { logger, records } = recordLogs()
    const cache = await connectCache({ redis: await connect(server.url), logger })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })

    await server.kill()
    for (let i = 0; i < 5; i++) await asTenant('a', () => user.get('1'))
    await server.start()
    await waitFor(() => !cache.stats().redisAway)

    expect(records.map(({ message }) => message)).toEqual(['cache goes on without Redis', 'cache uses Redis again'])
  })
})

describe('invalidate()', () => {
  test('invalidate() rejects when Redis does not confirm it', async () => {
    const cache = await connectCache({ redis: await connect(server.url) })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    await server.kill()

    await expect(asTenant('a', () => user.invalidate('1'))).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })
    await expect(cache.for('a').purge()).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })
  })

  test.each(['its connection', 'the server'])(
    'a fill that timed out never overwrites a newer value when %s was frozen',
    async (frozen) => {
      const name = uniqueName()
      const freeze = () => (frozen === 'the server' ? server.freeze() : proxy.freeze())
      const thaw = () => (frozen === 'the server' ? server.thaw() : proxy.thaw())
      const mine = await connectCache({ name, redis: await proxied(), redisTimeoutMs: 100 })
      const theirs = await connectCache({ name, redis: await connect(server.url), redisTimeoutMs: 10_000 })
      let version = 1
      let beforeReturning = () => {}
      const load = async () => {
        const read = version
        beforeReturning()
        beforeReturning = () => {}
        return read
      }
      const old = mine.define('user', { ttl: '1m', load })
      const fresh = theirs.define('user', { ttl: '1m', load: async () => version })
      beforeReturning = freeze

      expect(await asTenant('a', () => old.get('1'))).toBe(1)
      expect(mine.stats().definitions['user']?.fillsRejected).toEqual({ unavailable: 1 })
      version = 2
      const invalidated = asTenant('a', () => fresh.invalidate('1'))
      if (frozen === 'the server') thaw()
      await invalidated
      const theirsNow = await asTenant('a', () => fresh.get('1'))
      thaw()
      await waitFor(() => !mine.stats().redisAway)

      expect(theirsNow).toBe(2)
      expect(await asTenant('a', () => old.get('1'))).toBe(2)
      expect(await asTenant('a', () => fresh.get('1'))).toBe(2)
    },
  )

  test('invalidate() reaches processes one schema version apart', async () => {
    const name = uniqueName()
    const [older, newer] = await Promise.all([connectCache({ name }), connectCache({ name })])
    let value = 1
    const v1 = older.define('user', { ttl: '1m', schemaVersion: 1, load: async () => value })
    const v2 = newer.define('user', { ttl: '1m', schemaVersion: 2, load: async () => value })

    await asTenant('a', async () => {
      await Promise.all([v1.get('1'), v2.get('1')])
      value = 2
      await v2.invalidate('1')
      expect(await v1.get('1')).toBe(2)
      value = 3
      await v1.invalidate('1')
      expect(await v2.get('1')).toBe(3)
    })
  })
})

describe('the in-process tier', () => {
  test('the in-process tier is bypassed when its subscription freezes, although Redis answers', async () => {
    const name = uniqueName()
    const l1 = { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 200 }
    const redis = await connect(server.url)
    const subscribing = await proxied()
    redis.duplicate = () => subscribing
    closing(() => subscribing.disconnect())
    const cache = await connectCache({ name, redis, l1 })
    const other = await connectCache({ name, redis: await connect(server.url) })
    let version = 1
    const options = { ttl: '1m', load: async () => version }
    const mine = cache.define('user', options)
    const theirs = other.define('user', options)
    await waitFor(() => !cache.stats().l1.bypassed)
    await asTenant('a', () => mine.get('1'))

    proxy.freeze()
    version = 2
    await asTenant('a', () => theirs.invalidate('1'))
    await waitFor(() => cache.stats().l1.bypassed)

    expect(await asTenant('a', () => mine.get('1'))).toBe(2)
    expect(cache.stats().redisAway).toBe(false)
  })
})

describe('the shared Redis', () => {
  test('scripts are known again when the server forgot them', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    await asTenant('a', () => user.get('1'))

    await redis.script('FLUSH')
    await asTenant('a', () => user.invalidate('1'))

    expect(await asTenant('a', () => user.get('1'))).toBe(1)
  })

  test('no key stays without an expiry', async () => {
    const redis = await connect(server.url)
    const cache = await connectCache({ redis })
    const user = cache.define('user', { ttl: '1m', tags: () => ['t'], load: async () => 1 })
    await asTenant('a', async () => {
      await user.getMany(['1', '2'])
      await user.invalidate('1')
      await cache.invalidateTags('t')
      await user.getMany(['1', '2'])
    })

    const keys = await redis.keys('*')
    const expiries = await Promise.all(keys.map((key) => redis.pttl(key)))

    expect(keys.length).toBeGreaterThan(3)
    expect(expiries.filter((ms) => ms < 0)).toEqual([])
  })
})

describe('the subscription of the in-process tier', () => {
  test('rejects nowhere, and stands again, when its connection is lost while it is made', async () => {
    const redis = await proxied()
    const subscribers: RedisLike[] = []
    const watched = Object.assign(redis as unknown as RedisLike, {
      duplicate(override?: object) {
        const subscriber = Redis.prototype.duplicate.call(redis, override) as unknown as RedisLike
        subscribers.push(subscriber)
        return subscriber
      },
    })
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.prependListener('unhandledRejection', note)
    closing(() => process.off('unhandledRejection', note))
    const cache = await connectCache({ redis: watched, l1: { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 500 } })
    await waitFor(() => !cache.stats().l1.bypassed)

    let losses = 0
    const lose = () => {
      if (losses < 5) proxy.cut()
      losses++
    }
    subscribers[0]?.on('ready', lose)
    proxy.cut()
    await waitFor(() => losses > 5)
    await waitFor(() => !cache.stats().l1.bypassed)

    expect(unhandled).toEqual([])
  })
})
