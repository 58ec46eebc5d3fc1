/** @ops/cache as a subject of the staleness checker; `settings.l1` turns its in-process tier on. */
import { Redis } from 'ioredis'
import { createCache } from '../cache.ts'
import type { Subject, SubjectOptions } from './subject.ts'

/** Creates the cache as an application would, on a client that never waits. */
export async function createSubject({ redisUrl, name, load, settings }: SubjectOptions): Promise<Subject> {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 500,
    retryStrategy: () => 50,
  })
  redis.on('error', () => {})
  const l1 = settings['l1'] === true ? { l1: { maxBytes: 2 ** 24, heartbeatMs: 50, maxLagMs: 500 } } : {}
  const cache = createCache({ redis, name, ...l1 })
  const versions = cache.define<number>('version', {
    ttl: settings['ttl'] === undefined ? '10s' : Number(settings['ttl']),
    scope: 'global',
    load,
  })
  return {
    get: (key) => versions.get(key),
    invalidate: (key) => versions.invalidate(key),
  }
}
