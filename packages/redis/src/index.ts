export { RedisEvictingError, RedisUnavailableError } from './errors.ts'
export { hashTag } from './hash-tag.ts'
export { assertNoEviction, redisCheck, redisReady } from './health.ts'
export { redisMetrics } from './metrics.ts'
export type {
  RedisAddress,
  RedisClusterOptions,
  RedisCredentials,
  RedisOptions,
  RedisSentinelOptions,
} from './options.ts'
export { createRedis, type RedisClient } from './redis.ts'
