import { currentContext } from '@ops/core'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type JobRun, permanent, retryAfter } from '../src/index.ts'
import { asTenant, connectQueue, startWorker } from './fixture.ts'

const schema = z.object({ n: z.number() })
const retry = { attempts: 3, baseMs: 1, capMs: 5 }
const job = defineJob('job', { schema, retry })

describe('createWorker()', () => {
  test('createWorker() runs a job in the context of its producer, in a trace of its own that is linked', async () => {
    const recording = recordSpans()
    try {
      const queue = await connectQueue([job])
      const seen: { tenant?: string | undefined; traceId?: string | undefined }[] = []
      await startWorker(queue, {
        job: async (_payload: unknown, run: JobRun) =>
          void seen.push({ tenant: run.tenant, traceId: currentContext()?.traceId }),
      })

      await asTenant('acme', () => queue.enqueue(job, { n: 1 }))
      await waitFor(async () => (await queue.status()).completed === 1)

      const producer = recording.spans.find(({ name }) => name === 'enqueue job')
      const consumer = recording.spans.find(({ name }) => name === 'process job')
      expect(seen).toEqual([{ tenant: 'acme', traceId: consumer?.traceId }])
      expect(consumer?.traceId).not.toBe(producer?.traceId)
      expect(consumer?.links[0]?.context.spanId).toBe(producer?.spanId)
    } finally {
      recording.stop()
    }
  })

  test('createWorker() tries a failing job again and lets it die when its attempts are spent', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job])
    let starts = 0
    await startWorker(
      queue,
      {
        job: () => {
          starts++
          throw new Error(`order ${starts} failed`)
        },
      },
      { meter },
    )

    const { id } = await asTenant('acme', () => queue.enqueue(job, { n: 1 }))
    await waitFor(async () => (await queue.status()).dead === 1)

    expect(starts).toBe(3)
    expect(await queue.dead.list()).toMatchObject([
      {
        id,
        job: 'job',
        verdict: 'exhausted',
        tenant: 'acme',
        reason: 'Error: order 3 failed',
        payload: { n: 1 },
        counters: { deliveries: 3, attempts: 3, releases: 0, crashes: 0 },
      },
    ])
    expect(value('worker_jobs_failed_total', { queue: queue.name, error_type: 'unknown' })).toBe(3)
    expect(value('worker_jobs_retried_total')).toBe(2)
    expect(value('worker_jobs_dead_total')).toBe(1)
    expect(value('worker_jobs_processed_total')).toBe(3)
  })

  test('createWorker() lets a job die at once when its handler says that no attempt can help', async () => {
    const queue = await connectQueue([job])
    await startWorker(queue, {
      job: () => {
        throw permanent(new Error('no such account'))
      },
    })

    await queue.enqueue(job, { n: 1 })
    await waitFor(async () => (await queue.status()).dead === 1)

    expect(await queue.dead.list()).toMatchObject([{ verdict: 'permanent', counters: { deliveries: 1, attempts: 1 } }])
  })

  test('createWorker() charges nothing when the other side asks to wait', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job])
    const attempts: number[] = []
    await startWorker(
      queue,
      {
        job: (_payload: unknown, { attempt }: JobRun) => {
          attempts.push(attempt)
          if (attempts.length < 6) throw retryAfter(5)
        },
      },
      { meter },
    )

    await queue.enqueue(job, { n: 1 })
    await waitFor(async () => (await queue.status()).completed === 1)

    expect(attempts).toEqual([1, 1, 1, 1, 1, 1])
    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'throttled' })).toBe(5)
    expect(value('worker_jobs_failed_total')).toBe(0)
  })

  test('createWorker() aborts a handler whose time is up and reopens the slot of one that ignores it', async () => {
    const slow = defineJob('slow', { schema, timeoutMs: 50, retry: { attempts: 1 } })
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([slow, job])
    let aborted: unknown
    let release = () => {}
    await startWorker(
      queue,
      {
        slow: (_payload: unknown, { signal }: JobRun) => {
          signal.addEventListener('abort', () => (aborted = signal.reason))
          return new Promise<void>((resolve) => (release = resolve))
        },
        job: () => {},
      },
      { meter, concurrency: 1 },
    )

    await queue.enqueue(slow, { n: 1 })
    await queue.enqueue(job, { n: 2 })
    await waitFor(async () => (await queue.status()).completed === 1)
    release()

    expect(aborted).toMatchObject({ code: 'OPS_QUEUE_TIMEOUT' })
    expect(value('worker_zombie_handlers_total')).toBe(1)
    expect(value('worker_jobs_failed_total', { queue: queue.name, error_type: 'timeout' })).toBe(1)
    expect(await queue.dead.list()).toMatchObject([{ job: 'slow', verdict: 'exhausted' }])
  })

  test('drain() waits for what runs when it ends in time', async () => {
    const queue = await connectQueue([job])
    let started = false
    let finish = () => {}
    const worker = await startWorker(queue, {
      job: () => {
        started = true
        return new Promise<void>((resolve) => (finish = resolve))
      },
    })
    await queue.enqueue(job, { n: 1 })
    await waitFor(() => started)

    const drained = worker.drain()
    finish()
    await drained

    expect(await queue.status()).toMatchObject({ completed: 1, waiting: 0, active: 0 })
  })

  test('drain() aborts what does not end and hands it back uncharged', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job])
    let reason: unknown
    let started = false
    const worker = await startWorker(
      queue,
      {
        job: (_payload: unknown, { signal }: JobRun) =>
          new Promise((_, reject) => {
            started = true
            signal.addEventListener('abort', () => reject((reason = signal.reason)))
          }),
      },
      { meter, drainMs: 100 },
    )
    await queue.enqueue(job, { n: 1 })
    await waitFor(() => started)

    await worker.drain()

    expect(reason).toMatchObject({ code: 'OPS_QUEUE_SHUTDOWN' })
    expect(await queue.status()).toMatchObject({ waiting: 1, active: 0, completed: 0, dead: 0 })
    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'shutdown' })).toBe(1)
    expect(value('worker_jobs_failed_total')).toBe(0)
  })

  test('createWorker() throws a TypeError when a handler is for a job the queue does not carry', async () => {
    const queue = await connectQueue([job])

    await expect(async () => startWorker(queue, { other: () => {} })).rejects.toThrow(TypeError)
  })

  test('createWorker() buries a job that it does not know', async () => {
    const { logger, records } = recordLogs()
    const old = defineJob('old', { schema })
    const queue = await connectQueue([job, old])
    await startWorker(queue, { job: () => {} }, { logger })

    await queue.enqueue(old, { n: 1 })
    await waitFor(async () => (await queue.status()).dead === 1)

    expect(await queue.dead.list()).toMatchObject([{ job: 'old', verdict: 'invalid' }])
    expect(records.find(({ message }) => message === 'job is dead')?.level).toBe('error')
  })
})
