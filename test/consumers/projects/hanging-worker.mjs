/** A queue worker that is shipped as one file, with a job that never ends. */
import { createQueue, createWorker, defineJob } from '@ops/queue'
import { Redis } from 'ioredis'
import { z } from 'zod'

const spin = defineJob('spin', { schema: z.object({}) })
const redis = new Redis(process.env.REDIS_URL, { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: 0 })
const queue = createQueue(`bundled-${process.pid}`, { redis, jobs: [spin] })
const forever = () => {
  for (;;);
}
createWorker(queue, { spin: forever }, { concurrency: 1, hangMs: 500 })
await queue.enqueue(spin, {})
