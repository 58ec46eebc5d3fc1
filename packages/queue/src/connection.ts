/** The two ways to Redis: the application's client for producers, a connection of the worker's own that waits and blocks. */
import type { Clock, Timer } from '@ops/core'
import { Cluster, type Redis, type RedisOptions } from 'ioredis'
import { QueueEvictingError, QueueUnavailableError } from './errors.ts'

/** An ioredis client, as `createRedis` of @ops/redis makes it. */
export type RedisClient = Redis | Cluster

/** A client for a worker: it waits through outages, and nothing ends its blocking commands early. The caller disconnects it. */
export function workerConnection(redis: RedisClient): RedisClient {
  const waiting = { maxRetriesPerRequest: null, enableOfflineQueue: true, autoResendUnfulfilledCommands: true }
  if (redis instanceof Cluster) {
    // By ioredis itself: a duplicate made by @ops/redis keeps the limits of its role.
    const { commandTimeout: _, ...node }: RedisOptions = redis.options.redisOptions ?? ({} as RedisOptions)
    const redisOptions = { ...node, maxRetriesPerRequest: null }
    return Cluster.prototype.duplicate.call(redis, [], { enableOfflineQueue: true, redisOptions } as object)
  }
  return redis.duplicate({ ...waiting, commandTimeout: undefined } as object)
}

/** Rejects with QueueUnavailableError when `work` has not settled after `ms`. */
export async function within<T>(
  work: Promise<T>,
  queue: string,
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new QueueUnavailableError(queue, new Error(`no answer within ${ms} ms`))), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer?.cancel()
  }
}

/** Resolves once the client can be used. Rejects when it was closed for good. */
export function connected(redis: RedisClient): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  if (redis.status === 'end') return Promise.reject(new Error('the connection is closed'))
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => () => {
      redis.off('ready', onReady)
      redis.off('end', onEnd)
      outcome()
    }
    const onReady = settle(resolve)
    const onEnd = settle(() => reject(new Error('the connection is closed')))
    redis.once('ready', onReady)
    redis.once('end', onEnd)
    if (redis.status === 'wait') redis.connect().catch(onEnd)
  })
}

/** @throws QueueEvictingError when Redis may evict keys. */
export async function assertNoEviction(redis: RedisClient, queue: string): Promise<void> {
  // INFO, because managed servers forbid CONFIG.
  const policy = /^maxmemory_policy:(.+?)\r?$/m.exec(await redis.info('memory'))?.[1]
  if (policy !== undefined && policy !== 'noeviction') throw new QueueEvictingError(queue, policy)
}
