import assert from 'node:assert/strict'
import process from 'node:process'
import { createQueue, createWorker, defineJob } from '@ops/queue'
import { Redis } from 'ioredis'
import { z } from 'zod'

const greet = defineJob('greet', { schema: z.object({ name: z.string() }) })
const redis = new Redis(process.env.REDIS_URL, { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: 0 })
const queue = createQueue(`consumer-${process.pid}`, { redis, jobs: [greet] })
const done = Promise.withResolvers()
const worker = createWorker(queue, { greet: async ({ name }) => done.resolve(`hello ${name}`) }, { concurrency: 1 })
await queue.enqueue(greet, { name: 'Ada' })

assert.equal(await done.promise, 'hello Ada')
await worker.drain()
await queue.close()
redis.disconnect()
