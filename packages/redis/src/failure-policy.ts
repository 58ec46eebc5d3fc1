/** The failure policy of a connection, in ioredis's terms: nothing waits without a bound, nothing is sent twice. */
import { type Random, systemRandom } from '@ops/core'
import type { RedisOptions as IoredisOptions } from 'ioredis'
import type { RedisOptions } from './options.ts'

/** Redis 7 says it plainly; Redis 6 wraps it when a script wrote. Anything else that merely mentions the word is no reason. */
const READONLY = /^(?:READONLY |ERR Error running script .*-READONLY )/

/** True for the refusal of a write by a replica: the master has moved and the connection must look for it again. */
export function isReadonlyError(error: Error): boolean {
  return READONLY.test(error.message)
}

/**
 * Pause before attempt `attempt` (1 and up): full jitter over a bound that doubles from 50 ms up to `maxDelayMs`.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(attempt: number, maxDelayMs: number, random: Random): number {
  return Math.ceil(random.next() * Math.min(maxDelayMs, 50 * 2 ** Math.min(attempt, 20)))
}

/** The part of ioredis's options that is the same for one server, Sentinel and each node of a Cluster. */
export function connectionPolicy(options: RedisOptions): IoredisOptions {
  const { role = 'request', maxRetryDelayMs = 2_000, random = systemRandom } = options
  const common: IoredisOptions = {
    // RESP2: one shape of replies on every server, and messages of a subscription never mix with replies.
    protocol: 2,
    connectionName: options.name,
    connectTimeout: options.connectTimeoutMs ?? 2_000,
    keepAlive: 10_000,
    // A peer that no longer answers must not hold up a stop.
    disconnectTimeout: 500,
    retryStrategy: (attempt) => retryDelayMs(attempt, maxRetryDelayMs, random),
    // 1: connect anew, but leave it to the caller whether to repeat the command.
    reconnectOnError: (error) => (isReadonlyError(error) ? 1 : false),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
  }
  if (role === 'worker') return { ...common, maxRetriesPerRequest: null, enableOfflineQueue: true }
  return {
    ...common,
    enableOfflineQueue: false,
    // A command whose connection broke may have run: repeating it is the caller's decision.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: options.commandTimeoutMs ?? 500,
  }
}
