/** The two ways to Redis: the application's client for producers, a connection of the worker's own that waits and blocks. */

import { Cluster, type Redis, type RedisOptions } from 'ioredis'
import type { Deadlines } from './deadlines.ts'
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
    return connecting(Cluster.prototype.duplicate.call(redis, [], { enableOfflineQueue: true, redisOptions } as object))
  }
  return redis.duplicate({ ...waiting, commandTimeout: undefined } as object)
}

/**
 * Makes `connect` of a Cluster and of its duplicates resolve once it is ready. An attempt that another overtakes, as after a master that
 * froze, otherwise never settles, and BullMQ, which waits for it, would take no jobs any more.
 */
function connecting(cluster: Cluster): Cluster {
  const connect = cluster.connect.bind(cluster)
  const duplicate = cluster.duplicate.bind(cluster)
  cluster.connect = async () => {
    let onReady = (): void => {}
    const ready = new Promise<void>((resolve) => {
      onReady = resolve
      cluster.once('ready', onReady)
    })
    await Promise.race([connect(), ready]).finally(() => cluster.off('ready', onReady))
  }
  cluster.duplicate = (...args) => connecting(duplicate(...args))
  return cluster
}

/** Rejects with QueueUnavailableError when `work` has not settled after `ms`; on the shared timer, because every enqueue asks. */
export function within<T>(
  work: Promise<T>,
  queue: string,
  { deadlines, ms }: { readonly deadlines: Deadlines; readonly ms: number },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = deadlines.add(ms, () =>
      reject(new QueueUnavailableError(queue, new Error(`no answer within ${ms} ms`))),
    )
    work.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
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
