import { OpsError } from '@ops/core'

/** Thrown where Redis does not answer in time or is not connected. Code `OPS_REDIS_UNAVAILABLE`. */
export class RedisUnavailableError extends OpsError {
  override readonly name = 'RedisUnavailableError'

  constructor(client: string, state: string, cause?: unknown) {
    super(`Cannot use Redis client ${client}: ${state}, expected a connection that answers`, {
      code: 'OPS_REDIS_UNAVAILABLE',
      cause,
      details: { client },
    })
  }
}

/** Thrown where a Redis that may evict keys would hold data that must not vanish. Code `OPS_REDIS_EVICTING`. */
export class RedisEvictingError extends OpsError {
  override readonly name = 'RedisEvictingError'

  constructor(policy: string) {
    super(`Cannot keep jobs in this Redis: maxmemory-policy is ${policy}, expected noeviction`, {
      code: 'OPS_REDIS_EVICTING',
      details: { policy },
    })
  }
}
