import { recordLogs, recordMetrics, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type BreakerOptions, createQueue, defineJob, type Queue } from '../src/index.ts'
import { connect, connectQueue, startWorker, uniqueName } from './fixture.ts'

const schema = z.object({ n: z.number() })
const job = defineJob('job', { schema, retry: { attempts: 3, baseMs: 1, capMs: 1 } })
const quick: BreakerOptions = { openMs: 100, maxOpenMs: 200 }

const refused = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const fill = (queue: Queue, count: number): Promise<unknown> =>
  queue.enqueueBulk(
    job,
    Array.from({ length: count }, (_, n) => ({ payload: { n } })),
  )

describe('breaker', () => {
  test('createWorker() parks 3,000 jobs while what they need is out, charges no more than its sample, and resumes', async () => {
    const { meter, value } = recordMetrics()
    const { logger, records } = recordLogs()
    const queue = await connectQueue([job], { breaker: quick })
    await fill(queue, 3_000)
    let out = true
    let calls = 0
    const done = new Set<number>()
    await startWorker(
      queue,
      {
        job: ({ n }: { n: number }) => {
          calls++
          if (out) throw refused()
          done.add(n)
        },
      },
      { concurrency: 20, meter, logger },
    )
    // The sample, what ran beside it, and some probes.
    await waitFor(() => calls >= 26)
    const during = await queue.status()
    const charged = value('worker_jobs_failed_total')
    out = false
    await waitFor(() => done.size === 3_000, { timeoutMs: 30_000 })

    expect(during).toMatchObject({ dead: 0, completed: 0 })
    expect(charged).toBeLessThanOrEqual(20)
    expect(value('worker_jobs_failed_total')).toBe(charged)
    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'breaker' })).toBeGreaterThanOrEqual(6)
    expect(records.filter(({ message }) => message.startsWith('breaker')).map(({ level }) => level)).toEqual([
      'warn',
      'info',
    ])
    await waitFor(async () => (await queue.status()).active === 0)
    expect(await queue.status()).toMatchObject({ waiting: 0, delayed: 0, dead: 0 })
  })

  test('createWorker() stops with the other workers of its queue, and one of them probes', async () => {
    const queue = await connectQueue([job], { breaker: quick })
    let out = true
    const calls = [0, 0]
    const start = (worker: 0 | 1): Promise<unknown> =>
      startWorker(
        queue,
        {
          job: () => {
            calls[worker]! += 1
            if (out) throw refused()
          },
        },
        { concurrency: 5 },
      )
    await start(0)
    await start(1)
    await fill(queue, 500)
    await waitFor(() => calls[0]! + calls[1]! >= 24)
    const [a = 0, b = 0] = calls
    out = false
    await waitFor(async () => (await queue.status()).completed === 500)

    expect(a + b).toBeLessThanOrEqual(20 + 10 + 20)
    expect((await queue.status()).dead).toBe(0)
    expect(calls.every((count) => count > 0)).toBe(true)
  })

  test('createWorker() probes with another job each time, so that one that fails by itself does not keep the queue parked', async () => {
    const queue = await connectQueue([job], { breaker: { ...quick, volume: 4 } })
    let out = true
    const done = new Set<number>()
    await startWorker(
      queue,
      {
        job: ({ n }: { n: number }) => {
          if (out || n === 0) throw refused()
          done.add(n)
        },
      },
      { concurrency: 1 },
    )
    await fill(queue, 50)
    const redis = await connect()
    await waitFor(async () => (await redis.hget(`{ops:${queue.name}}:${queue.name}:ops-breaker`, 'open')) !== null)
    out = false

    await waitFor(() => done.size === 49)
    await waitFor(async () => (await queue.status()).dead === 1)

    expect((await queue.status()).completed).toBe(49)
  })

  test('createWorker() lets errors that tell of no outage count for their jobs', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job], { breaker: { ...quick, volume: 2 } })
    await startWorker(
      queue,
      {
        job: () => {
          throw new Error('bad data')
        },
      },
      { meter },
    )
    await fill(queue, 30)

    await waitFor(async () => (await queue.status()).dead === 30)

    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'breaker' })).toBe(0)
  })

  test('createWorker() does not open for a share of failures below the ratio', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job], { breaker: { ...quick, volume: 10 } })
    await startWorker(
      queue,
      {
        job: ({ n }: { n: number }) => {
          if (n % 5 === 4) throw refused()
        },
      },
      { concurrency: 1, meter },
    )
    await fill(queue, 100)

    await waitFor(async () => (await queue.status()).completed === 80 && (await queue.status()).dead > 0)

    expect(value('worker_jobs_failed_total')).toBeGreaterThan(20)
  })

  test('createWorker() charges failures when the queue has no breaker', async () => {
    const queue = await connectQueue([job], { breaker: false })
    await startWorker(queue, {
      job: () => {
        throw refused()
      },
    })
    await fill(queue, 40)

    await waitFor(async () => (await queue.status()).dead === 40)
  })

  test('createQueue() tells the state of its breaker, and a worker that starts meanwhile takes nothing', async () => {
    const { meter, value, collect } = recordMetrics()
    const redis = await connect()
    const queue = await connectQueue([job], { redis, breaker: quick, meter })
    const key = `{ops:${queue.name}}:${queue.name}:ops-breaker`
    const gauge = { queue: queue.name, error_type: 'dependency' } as const
    await collect()
    const closed = value('queue_breaker_state', gauge)
    const [seconds] = await redis.time()
    await redis.hset(key, 'open', 'dependency', 'until', (Number(seconds) + 3_600) * 1_000, 'probes', 0)
    await collect()
    let calls = 0
    await startWorker(queue, { job: () => void calls++ })
    await fill(queue, 5)
    const waiting = await queue.status()
    const opened = value('queue_breaker_state', gauge)
    await redis.del(key)
    await waitFor(async () => (await queue.status()).completed === 5)

    expect([closed, opened, value('queue_breaker_state', { queue: queue.name, error_type: 'timeout' })]).toEqual([
      0, 2, 0,
    ])
    expect(waiting).toMatchObject({ waiting: 5, active: 0 })
    expect(calls).toBe(5)
  })

  test('createWorker() started when a probe is due probes, and resumes with the first that succeeds', async () => {
    const { logger, records } = recordLogs()
    const redis = await connect()
    const queue = await connectQueue([job], { redis, breaker: quick })
    await redis.hset(`{ops:${queue.name}}:${queue.name}:ops-breaker`, 'open', 'dependency', 'until', 0, 'probes', 3)
    await fill(queue, 20)

    await startWorker(queue, { job: () => undefined }, { logger })
    await waitFor(async () => (await queue.status()).completed === 20)

    expect(records.filter(({ level }) => level === 'error')).toEqual([])
    expect(records.map(({ message }) => message)).toContain('breaker closed: jobs are taken again')
  })

  test('createQueue() throws a RangeError naming the option of the breaker that is outside its range', async () => {
    const redis = await connect()
    const make = (breaker: BreakerOptions): Queue => createQueue(uniqueName(), { redis, jobs: [job], breaker })

    expect(() => make({ volume: 1 })).toThrow(/breaker\.volume is 1, expected an integer from 2/)
    expect(() => make({ errorTypes: [] })).toThrow(/breaker\.errorTypes is empty, expected at least one of/)
    expect(() => make({ errorTypes: ['permanent' as never] })).toThrow(/breaker\.errorTypes is permanent/)
    expect(() => make({ ratio: 0 })).toThrow(/breaker\.ratio/)
    expect(() => make({ windowMs: 1 })).toThrow(/breaker\.windowMs/)
    expect(() => make({ openMs: 50 })).toThrow(/breaker\.openMs/)
    expect(() => make({ openMs: 1_000, maxOpenMs: 500 })).toThrow(/breaker\.maxOpenMs/)
  })
})
