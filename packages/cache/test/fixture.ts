/** Caches on the run's shared Redis, each under a name of its own, closed after each test. */
import { createContext, createSpanId, runInContext } from '@ops/core'
import { Redis } from 'ioredis'
import { afterEach, inject } from 'vitest'
import { type Cache, type CacheOptions, createCache } from '../src/index.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** Closes `close` after the test. */
export function closing(close: () => void): void {
  open.push(close)
}

/** A connected client that never waits. */
export async function connect(url: string = inject('redisUrl')): Promise<Redis> {
  const redis = new Redis(url, {
    protocol: 2,
    replyMapping: 'legacy',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
    disconnectTimeout: 100,
  })
  redis.on('error', () => {})
  open.unshift(() => redis.disconnect())
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
  return redis
}

/** A cache on a client of its own. */
export async function connectCache(options: Partial<CacheOptions> = {}): Promise<Cache> {
  const redis = options.redis ?? (await connect())
  const cache = createCache({ name: uniqueName(), ...options, redis })
  closing(() => cache.close())
  return cache
}

/** A name no other test uses. */
export function uniqueName(): string {
  return `t${createSpanId()}`
}

/** Runs `work` for `tenant`. */
export function asTenant<T>(tenant: string, work: () => T): T {
  return runInContext(createContext({ tenant }), work)
}
