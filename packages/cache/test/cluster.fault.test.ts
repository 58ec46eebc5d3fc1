/** The cache on a real Redis Cluster of three nodes that the suite starts itself. */
import { type RedisCluster, startRedisCluster, waitFor } from '@ops/testing'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { asTenant, closing, connectCache, uniqueName } from './fixture.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(async () => {
  await cluster.close()
})

async function connectCluster(): Promise<Cluster> {
  const client = new Cluster([...cluster.addresses], {
    enableOfflineQueue: false,
    redisOptions: { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
  })
  client.on('error', () => {})
  closing(() => client.disconnect())
  await new Promise((resolve) => client.once('ready', resolve))
  return client
}

const l1 = { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 2_000 }

describe('on a Redis Cluster', () => {
  test('get(), getMany() and invalidate() work across all slots', async () => {
    const cache = await connectCache({ redis: await connectCluster(), redisTimeoutMs: 5_000 })
    const load = vi.fn(async (id: string, { tenant }: { tenant: string }) => `${tenant}${id}`)
    const user = cache.define('user', { ttl: '1m', load, tags: (value) => [value.slice(0, 1)] })
    const ids = Array.from({ length: 50 }, (_, i) => String(i))
    const readAll = () => Promise.all(['a', 'b', 'c', 'd'].map((tenant) => asTenant(tenant, () => user.getMany(ids))))

    await readAll()
    expect((await readAll())[2]?.[7]).toBe('c7')
    expect(load).toHaveBeenCalledTimes(200)

    await asTenant('a', () => user.invalidate('7'))
    await cache.for('b').purge()
    await cache.for('c').invalidateTags('c')
    await readAll()

    expect(load).toHaveBeenCalledTimes(200 + 1 + 50 + 50)
  })

  test('an invalidation reaches the in-process tier of another process through any node', async () => {
    const name = uniqueName()
    const [one, other] = [
      await connectCache({ name, redis: await connectCluster(), l1 }),
      await connectCache({ name, redis: await connectCluster(), l1 }),
    ]
    let version = 1
    const options = { ttl: '1m', load: async () => version }
    const mine = one.define('user', options)
    const theirs = other.define('user', options)
    await waitFor(() => !one.stats().l1.bypassed && !other.stats().l1.bypassed)

    for (const tenant of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await asTenant(tenant, async () => {
        const before = version
        expect([await mine.get('1'), await theirs.get('1')]).toEqual([before, before])
        version++
        await mine.invalidate('1')
        await waitFor(async () => (await theirs.get('1')) === before + 1)
      })
    }
  })

  test('get() goes on when a node dies', async () => {
    const cache = await connectCache({ redis: await connectCluster(), l1 })
    const user = cache.define('user', { ttl: '1m', load: async (id: string) => id })
    const ids = Array.from({ length: 20 }, (_, i) => String(i))
    await asTenant('a', () => user.getMany(ids))

    await cluster.nodes[1]?.kill()

    for (const tenant of ['a', 'b', 'c']) expect(await asTenant(tenant, () => user.getMany(ids))).toEqual(ids)
  })
})
