/** Redis clients for tests, closed after each of them. */
import { createSpanId } from '@ops/core'
import { Redis } from 'ioredis'
import { afterEach, inject } from 'vitest'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** Closes `close` after the test. */
export function closing(close: () => unknown): void {
  open.push(close)
}

/** A connected client that never waits for a lost connection. */
export async function connect(url: string = inject('redisUrl')): Promise<Redis> {
  const redis = new Redis(url, {
    protocol: 2,
    replyMapping: 'legacy',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  })
  redis.on('error', () => {})
  closing(() => redis.disconnect())
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
  return redis
}

/** A name no other test uses. */
export function uniqueName(): string {
  return `t${createSpanId()}`
}
