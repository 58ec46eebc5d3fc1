/** The cache on a real Redis Cluster of three nodes that the suite starts itself. */
import { waitFor } from '@ops/testing'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { asTenant, closing, connectCache, uniqueName } from './fixture.ts'
import { freePort, type RedisServer, startRedisServer } from './redis-server.ts'

const SLOTS = 16_384
let servers: RedisServer[]

async function startCluster(): Promise<RedisServer[]> {
  const nodes: RedisServer[] = []
  for (let i = 0; i < 3; i++) {
    // The bus listens 10,000 ports higher.
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
    nodes.push(await startRedisServer(args, await freePort(55_000)))
  }
  const clients = nodes.map(({ url }) => new Redis(url))
  await Promise.all(
    clients.map((client, i) =>
      client.cluster('ADDSLOTSRANGE', Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3) - 1),
    ),
  )
  await Promise.all(nodes.slice(1).map(({ port }) => clients[0]?.cluster('MEET', '127.0.0.1', port)))
  await waitFor(
    async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
      return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'))
    },
    { timeoutMs: 20_000, what: 'the cluster' },
  )
  for (const client of clients) client.disconnect()
  return nodes
}

beforeAll(async () => {
  servers = await startCluster()
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
})

async function connectCluster(): Promise<Cluster> {
  const cluster = new Cluster(
    servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    { enableOfflineQueue: false, redisOptions: { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } },
  )
  cluster.on('error', () => {})
  closing(() => cluster.disconnect())
  await new Promise((resolve) => cluster.once('ready', resolve))
  return cluster
}

const l1 = { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 2_000 }

describe('on a Redis Cluster', () => {
  test('get(), getMany() and invalidate() work across all slots', async () => {
    const cache = await connectCache({ redis: await connectCluster() })
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

    await (servers[1] as RedisServer).kill()

    for (const tenant of ['a', 'b', 'c']) expect(await asTenant(tenant, () => user.getMany(ids))).toEqual(ids)
  })
})
