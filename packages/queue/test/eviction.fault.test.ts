/** A Redis that may evict keys loses jobs: producers, workers and commands refuse it, and say what to set. */
import { startRedisServer } from '@ops/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { runQueueCommand } from '../src/commands/index.ts'
import { createWorker, defineJob } from '../src/index.ts'
import { closing, connect, connectQueue } from './fixture.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }) })

async function evicting(policy: string) {
  const server = await startRedisServer({ args: ['--maxmemory-policy', policy] })
  closing(() => server.close())
  const redis = await connect(server.url)
  return { server, redis, queue: await connectQueue([job], { redis }) }
}

test.each(['allkeys-lru', 'volatile-ttl'])(
  'enqueue() and ready() refuse a Redis whose policy is %s',
  async (policy) => {
    const { redis, queue } = await evicting(policy)
    let started = false
    const worker = createWorker(queue, { job: () => void (started = true) })
    closing(() => worker.close())
    const refusal = {
      code: 'OPS_QUEUE_EVICTING',
      message: expect.stringContaining(`maxmemory-policy is ${policy}, expected noeviction`),
    }

    await expect(queue.enqueue(job, { n: 1 })).rejects.toMatchObject(refusal)
    await expect(queue.status()).rejects.toMatchObject(refusal)
    await expect(worker.ready()).rejects.toMatchObject(refusal)

    expect(await redis.dbsize()).toBe(0)
    expect(started).toBe(false)
  },
)

test('enqueue() goes on once the policy is mended, without a new queue', async () => {
  const { redis, queue } = await evicting('allkeys-lfu')
  await expect(queue.enqueue(job, { n: 1 })).rejects.toMatchObject({ code: 'OPS_QUEUE_EVICTING' })

  await redis.config('SET', 'maxmemory-policy', 'noeviction')
  await queue.enqueue(job, { n: 1 })

  expect(await queue.status()).toMatchObject({ waiting: 1 })
})

test('dead list says what is wrong when the Redis may evict', async () => {
  const { server, redis, queue } = await evicting('noeviction')
  await queue.enqueue(job, { n: 1 })
  await redis.config('SET', 'maxmemory-policy', 'allkeys-random')
  let err = ''

  const code = await runQueueCommand(['dead', 'list', '--queue', queue.name, '--redis', server.url], {
    out: () => {},
    err: (text) => void (err += text),
    paint: (_, text) => text,
  })

  expect(code).toBe(2)
  expect(err).toContain('maxmemory-policy is allkeys-random, expected noeviction')
})
