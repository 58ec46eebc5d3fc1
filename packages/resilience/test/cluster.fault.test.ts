/** The limiter on a real Redis Cluster of three nodes that the suite starts itself. */
import { waitFor } from '@ops/testing'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRateLimiter } from '../src/index.ts'
import { closing, uniqueName } from './fixture.ts'
import { freePort, type RedisServer, startRedisServer } from './redis-server.ts'

const SLOTS = 16_384
let servers: RedisServer[]

beforeAll(async () => {
  servers = []
  for (let i = 0; i < 3; i++) {
    // The bus listens 10,000 ports higher.
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
    servers.push(await startRedisServer(args, await freePort(55_000)))
  }
  const clients = servers.map(({ url }) => new Redis(url))
  const bounds = [0, 1, 2, 3].map((i) => Math.ceil((SLOTS * i) / 3))
  await Promise.all(
    clients.map((client, i) => client.cluster('ADDSLOTSRANGE', bounds[i] as number, (bounds[i + 1] as number) - 1)),
  )
  await Promise.all(servers.slice(1).map(({ port }) => clients[0]?.cluster('MEET', '127.0.0.1', port)))
  await waitFor(
    async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
      return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'))
    },
    { timeoutMs: 20_000 },
  )
  for (const client of clients) client.disconnect()
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
})

async function connectCluster(): Promise<Cluster> {
  const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  const redisOptions = { protocol: 2, maxRetriesPerRequest: 0 } as const
  const cluster = new Cluster(nodes, { enableOfflineQueue: false, slotsRefreshTimeout: 5_000, redisOptions })
  cluster.on('error', () => {})
  closing(() => cluster.disconnect())
  await new Promise((resolve) => cluster.once('ready', resolve))
  return cluster
}

test('take() shares the limit of each of 60 keys between 4 clients of a Cluster', async () => {
  const shared = { name: uniqueName(), limit: 7, perMs: 60_000, redisTimeoutMs: 10_000 }
  const limiters = await Promise.all(
    Array.from({ length: 4 }, async () => createRateLimiter({ ...shared, redis: await connectCluster() })),
  )
  const keys = Array.from({ length: 60 }, (_, i) => `user ${i}`)

  const admitted = await Promise.all(
    keys.map(async (key) => {
      const asked = limiters.flatMap((limiter) => Array.from({ length: 5 }, () => limiter.take({ key })))
      const decisions = await Promise.all(asked)
      return decisions.filter(({ allowed, by }) => allowed && by === 'redis').length
    }),
  )

  expect(admitted).toEqual(keys.map(() => 7))
})

test('take() decides locally for the keys of a node that is lost, and by Redis for the others', async () => {
  const limits = { limit: 1_000_000, perMs: 60_000, redisTimeoutMs: 2_000 }
  const redis = await connectCluster()
  const takeOnce = (key: string) => createRateLimiter({ redis, name: 'lost', ...limits }).take({ key })
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
  await servers[2]?.kill()

  const by = await Promise.all(keys.map(async (key) => (await takeOnce(key)).by))

  expect(new Set(by)).toEqual(new Set(['redis', 'local']))
})
