export { type Cache, type CacheStats, createCache, type TenantScope } from './cache.ts'
export type { CachedResource } from './definition.ts'
export {
  CacheClosedError,
  CacheLoadTimeoutError,
  CacheUnavailableError,
} from './errors.ts'
export { cacheMetrics } from './metrics.ts'
export type { CacheOptions, DefinitionOptions, LoadContext, ProcessTierOptions } from './options.ts'
export type { RedisArgument, RedisLike } from './redis-client.ts'
export {
  createSessionStore,
  type SessionCallback,
  type SessionStore,
  type SessionStoreOptions,
  type StoredSession,
} from './session.ts'
