/** Cache-aside as it is usually written: GET, load, SET; DEL after a write. The checker has to find it out. */
import { Redis } from 'ioredis'
import type { Subject, SubjectOptions } from './subject.ts'

/** Creates it on a client that never waits, so that it fares no worse than it must. */
export async function createSubject({ redisUrl, name, load }: SubjectOptions): Promise<Subject> {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 200,
    retryStrategy: () => 50,
  })
  redis.on('error', () => {})
  return {
    async get(key) {
      const cached = await redis.get(`${name}:${key}`).catch(() => null)
      if (cached !== null) return Number(cached)
      const value = await load(key)
      await redis.set(`${name}:${key}`, value, 'PX', 10_000).catch(() => {})
      return value
    },
    async invalidate(key) {
      await redis.del(`${name}:${key}`)
    },
  }
}
