import { OpsError } from '@ops/core'

/** Thrown where Redis had to take part and did not: the invalidation is not in force. Code `OPS_CACHE_UNAVAILABLE`. */
export class CacheUnavailableError extends OpsError {
  override readonly name = 'CacheUnavailableError'

  constructor(cache: string, operation: string, cause?: unknown) {
    super(`Cannot ${operation} in cache ${cache}: Redis does not answer, expected a reply in time`, {
      code: 'OPS_CACHE_UNAVAILABLE',
      cause,
      details: { cache },
    })
  }
}

/** Thrown where the loader, or the node that loads, took longer than `timeout.hardMs`. Code `OPS_CACHE_LOAD_TIMEOUT`. */
export class CacheLoadTimeoutError extends OpsError {
  override readonly name = 'CacheLoadTimeoutError'

  constructor(cache: string, timeoutMs: number) {
    super(`Cannot load for cache ${cache}: no value after ${timeoutMs} ms, expected one sooner`, {
      code: 'OPS_CACHE_LOAD_TIMEOUT',
      details: { cache, timeoutMs },
    })
  }
}

/** Thrown where the cache was closed. Code `OPS_CACHE_CLOSED`. */
export class CacheClosedError extends OpsError {
  override readonly name = 'CacheClosedError'

  constructor(cache: string) {
    super(`Cannot use cache ${cache}: it is closed, expected an open one`, { code: 'OPS_CACHE_CLOSED' })
  }
}

/** Thrown inside the package for "Redis did not take part"; callers fall back or wrap it. */
export class RedisSilentError extends Error {
  override readonly name = 'RedisSilentError'
}
