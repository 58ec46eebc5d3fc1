/** Readiness of a client: waiting for its first connection, asking whether it answers, refusing one that may evict. */
import type { Cluster, Redis } from 'ioredis'
import { RedisEvictingError, RedisUnavailableError } from './errors.ts'

/** The part of an ioredis client these functions use. */
type Client = Redis | Cluster

function nameOf(client: Client): string {
  return ('connectionName' in client.options ? client.options.connectionName : undefined) ?? 'redis'
}

/** Rejects with the signal's reason once it aborts, else settles as `work` does. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * Resolves once the client is connected and may be used.
 *
 * @throws RedisUnavailableError when the client was closed for good; the signal's reason when it aborts first.
 */
export async function redisReady(client: Client, signal?: AbortSignal): Promise<void> {
  if (client.status === 'ready') return
  if (client.status === 'end') throw new RedisUnavailableError(nameOf(client), 'the connection is closed')
  let stop = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    const onEnd = () => reject(new RedisUnavailableError(nameOf(client), 'the connection is closed'))
    client.once('ready', resolve)
    client.once('end', onEnd)
    stop = () => {
      client.off('ready', resolve)
      client.off('end', onEnd)
    }
  })
  try {
    await abortable(ready, signal)
  } finally {
    stop()
  }
}

/**
 * A health check: resolves when Redis answers a PING.
 *
 * @throws (the check) RedisUnavailableError when it does not; the signal's reason when it aborts first.
 * @example
 * const check = redisCheck(redis)
 */
export function redisCheck(client: Client): (signal?: AbortSignal) => Promise<void> {
  return async (signal) => {
    if (client.status !== 'ready') throw new RedisUnavailableError(nameOf(client), `the connection is ${client.status}`)
    try {
      await abortable(client.ping(), signal)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw new RedisUnavailableError(nameOf(client), 'PING failed', error)
    }
  }
}

/**
 * Resolves when the server never evicts keys, which a queue needs.
 *
 * @throws RedisEvictingError when its `maxmemory-policy` is another than `noeviction`.
 */
export async function assertNoEviction(client: Client): Promise<void> {
  // INFO, because managed servers forbid CONFIG.
  const info = await client.info('memory')
  const policy = /^maxmemory_policy:(.+?)\r?$/m.exec(info)?.[1] ?? 'unknown'
  if (policy !== 'noeviction') throw new RedisEvictingError(policy)
}
