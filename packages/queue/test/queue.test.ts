import { createContext, runInContext } from '@ops/core'
import { recordMetrics, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createQueue, defineJob } from '../src/index.ts'
import { asTenant, connect, connectQueue, startWorker, uniqueName } from './fixture.ts'

const schema = z.object({ n: z.number() })
const job = defineJob('job', { schema })

describe('enqueue()', () => {
  test('enqueue() answers with the first id when the key was used before, also when the job is done', async () => {
    const queue = await connectQueue([job])

    const first = await queue.enqueue(job, { n: 1 }, { key: 'a' })
    const second = await queue.enqueue(job, { n: 1 }, { key: 'a' })
    await startWorker(queue, { job: () => {} })
    await waitFor(async () => (await queue.status()).completed === 1)
    const third = await queue.enqueue(job, { n: 1 }, { key: 'a' })

    expect([first.deduplicated, second, third]).toEqual([
      false,
      { id: first.id, deduplicated: true },
      { id: first.id, deduplicated: true },
    ])
  })

  test('enqueue() keeps the keys of tenants apart', async () => {
    const queue = await connectQueue([job])

    const [a, b] = await Promise.all(
      ['a', 'b'].map((tenant) => asTenant(tenant, () => queue.enqueue(job, { n: 1 }, { key: 'k' }))),
    )

    expect([a?.deduplicated, b?.deduplicated]).toEqual([false, false])
  })

  test('enqueueBulk() stores all and answers in order', async () => {
    const queue = await connectQueue([job])

    const answers = await queue.enqueueBulk(
      job,
      [1, 2, 1].map((n) => ({ payload: { n }, options: { key: String(n) } })),
    )

    expect(answers.map(({ deduplicated }) => deduplicated)).toEqual([false, false, true])
    expect(answers[2]?.id).toBe(answers[0]?.id)
    expect((await queue.status()).waiting).toBe(2)
  })

  test('enqueue() refuses a payload that breaks its schema, is too large, or belongs to another queue', async () => {
    const text = defineJob('text', { schema: z.object({ s: z.string() }) })
    const queue = await connectQueue([job, text])
    const codes = await Promise.all(
      [
        queue.enqueue(job, { n: 'secret' as never }),
        queue.enqueue(text, { s: 'x'.repeat(70_000) }),
        queue.enqueue(defineJob('other', { schema }), { n: 1 }),
      ].map((asked) =>
        asked.then(
          () => 'stored',
          (error) => `${error.code} ${error.message}`,
        ),
      ),
    )

    expect(codes.map((code) => code.split(' ')[0])).toEqual(Array(3).fill('OPS_QUEUE_INVALID_PAYLOAD'))
    expect(codes[0]).not.toContain('secret')
  })

  test('enqueue() fails soon when Redis is not there', async () => {
    const redis = await connect()
    const queue = createQueue(uniqueName(), { redis, jobs: [job] })
    redis.disconnect()

    await expect(queue.enqueue(job, { n: 1 })).rejects.toMatchObject({ code: 'OPS_QUEUE_UNAVAILABLE' })
    await queue.close()
  })

  test('enqueue() leaves the deadline of a request to the request unless told otherwise', async () => {
    const queue = await connectQueue([job])
    const deadlines: (number | undefined)[] = []
    const started = performance.now()
    await runInContext(createContext({ deadline: started + 500 }), async () => {
      await queue.enqueue(job, { n: 1 })
      await queue.enqueue(job, { n: 2 }, { inheritDeadline: true })
    })
    const { currentContext } = await import('@ops/core')
    await startWorker(queue, { job: () => void deadlines.push(currentContext()?.deadline) }, { concurrency: 1 })
    await waitFor(async () => (await queue.status()).completed === 2)

    expect(deadlines[0]).toBeGreaterThan(started + 1_000)
    expect(deadlines[1]).toBeLessThan(started + 1_000)
  })
})

describe('status()', () => {
  test('status() and the gauges count jobs by state', async () => {
    const { meter, value, collect } = recordMetrics()
    const queue = await connectQueue([job], { meter })
    await queue.enqueue(job, { n: 1 })
    await queue.enqueue(job, { n: 2 }, { delayMs: 60_000 })

    await collect()

    expect(await queue.status()).toEqual({ waiting: 1, active: 0, delayed: 1, completed: 0, dead: 0 })
    expect(value('queue_jobs', { queue: queue.name, state: 'waiting' })).toBe(1)
    expect(value('queue_jobs', { queue: queue.name, state: 'delayed' })).toBe(1)
    expect(value('queue_oldest_job_age_seconds')).toBeGreaterThanOrEqual(0)
  })
})
