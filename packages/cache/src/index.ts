export { type Cache, type CacheStats, createCache, type TenantScope } from './cache.ts'
export type { CachedResource } from './definition.ts'
export {
  CacheClosedError,
  CacheLoadTimeoutError,
  CacheSessionGoneError,
  CacheUnavailableError,
} from './errors.ts'
export { cacheMetrics } from './metrics.ts'
export type { CacheOptions, DefinitionOptions, LoadContext, ProcessTierOptions } from './options.ts'
export type { RedisArgument, RedisLike } from './redis-client.ts'
