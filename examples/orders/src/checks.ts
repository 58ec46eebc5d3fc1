import { check, type Health } from '@ops/health'
import { redisCheck, redisReady } from '@ops/redis'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'

/**
 * Watches database and Redis. All replicas share both, so an outage degrades the service and takes no replica out of the
 * balancer: without replicas there would be nobody left to answer what the cache still knows, or to say what is wrong.
 */
export function watchDependencies(health: Health, { pool, redis }: { pool: Pool; redis: Redis }): void {
  const shared = { scope: 'shared', everyMs: 5000, timeoutMs: 1000 } as const
  health.add(
    'postgres',
    check(() => pool.query('select 1'), shared),
  )
  // The first run may come before the first connection is made.
  const ping = redisCheck(redis)
  health.add(
    'redis',
    check((signal) => redisReady(redis, signal).then(() => ping(signal)), shared),
  )
}
