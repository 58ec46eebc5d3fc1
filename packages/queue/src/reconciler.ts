/** Holds "every failed job has a dead letter": buries what failed in another way than through this package. */
import type { Job } from 'bullmq'
import { bury } from './burial.ts'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import type { Store } from './store.ts'

const PAGE = 500

/** Looks through all failed jobs once. Returns how many letters were missing. */
export async function reconcile(store: Store, redis: RedisClient): Promise<number> {
  let found = 0
  for (let at = 0; ; at += PAGE) {
    const ids = await redis.zrange(store.key('failed'), String(at), String(at + PAGE - 1))
    if (ids.length === 0) return found
    const letters = await redis.hmget(store.key('ops-dead'), ...ids)
    for (const [i, id] of ids.entries()) {
      if (letters[i] !== null) continue
      const job = (await store.use((bull) => bull.getJob(id))) as Job<Envelope> | undefined
      if (job === undefined) continue
      const reason = `failed outside this package: ${job.failedReason}`
      await bury(job, { verdict: 'unknown', error: new Error(reason), reason }, { store, redis })
      found++
    }
  }
}
