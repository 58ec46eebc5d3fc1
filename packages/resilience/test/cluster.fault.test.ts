/** The limiter on a real Redis Cluster of three nodes that the suite starts itself. */
import { type RedisCluster, startRedisCluster } from '@ops/testing'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRateLimiter } from '../src/index.ts'
import { compete } from './competition.ts'
import { closing, uniqueName } from './fixture.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(async () => {
  await cluster.close()
})

async function connectCluster(): Promise<Cluster> {
  // The connection to a node that was killed leaves a timer of this length: two seconds unless told otherwise.
  const redisOptions = { protocol: 2, maxRetriesPerRequest: 0, disconnectTimeout: 100 } as const
  const client = new Cluster([...cluster.addresses], {
    enableOfflineQueue: false,
    slotsRefreshTimeout: 5_000,
    redisOptions,
  })
  client.on('error', () => {})
  closing(() => client.disconnect())
  await new Promise((resolve) => client.once('ready', resolve))
  return client
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

test('take() admits no more than the limit in any window when 4 processes compete on a real Cluster', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  const limits = { limit: 20, perMs: 900, windows: 4, keys }

  const { total, fullest } = await compete({ ...limits, addresses: cluster.addresses, name: uniqueName() })

  expect(fullest).toBeLessThanOrEqual(limits.limit)
  // All of it is used, and free again.
  expect(fullest).toBeGreaterThan(limits.limit / 2)
  expect(total).toBeGreaterThan(limits.limit * keys.length)
}, 60_000)

test('take() decides locally for the keys of a node that is lost, and by Redis for the others', async () => {
  const limits = { limit: 1_000_000, perMs: 60_000, redisTimeoutMs: 2_000 }
  const redis = await connectCluster()
  const takeOnce = (key: string) => createRateLimiter({ redis, name: 'lost', ...limits }).take({ key })
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
  await cluster.nodes[2]?.kill()

  const by = await Promise.all(keys.map(async (key) => (await takeOnce(key)).by))

  expect(new Set(by)).toEqual(new Set(['redis', 'local']))
})
