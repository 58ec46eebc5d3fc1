/** What holds for every queue, the one in Redis and the one in memory: the outcome table, keys, dead letters, contexts. */
import { createContext, currentContext, runInContext } from '@ops/core'
import { recordSpans, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  defineJob,
  type Handlers,
  type JobDefinition,
  type JobRun,
  permanent,
  type Queue,
  type QueueOptions,
  retryAfter,
  type Worker,
  type WorkerOptions,
} from '../src/index.ts'
import { createMemoryQueue, type MemoryQueue } from '../src/testing/index.ts'
import { aes } from './aes.ts'
import { asTenant, closing, connectQueue, startWorker, uniqueName } from './fixture.ts'

/** How a kind of queue is made. */
interface Kind {
  readonly kind: string
  create(jobs: readonly JobDefinition[], options?: Pick<QueueOptions, 'cipher' | 'baggage'>): Promise<Queue>
  work(queue: Queue, handlers: Handlers, options?: Pick<WorkerOptions, 'concurrency' | 'drainMs'>): Promise<Worker>
}

const kinds: readonly Kind[] = [
  {
    kind: 'in Redis',
    create: (jobs, options) => connectQueue(jobs, options),
    work: (queue, handlers, options) => startWorker(queue, handlers, options),
  },
  {
    kind: 'in memory',
    async create(jobs, options) {
      const queue = createMemoryQueue(uniqueName(), { jobs, ...options })
      closing(() => queue.close())
      return queue
    },
    async work(queue, handlers, options) {
      const worker = (queue as MemoryQueue).work(handlers, options)
      await worker.ready()
      return worker
    },
  },
]

const schema = z.object({ n: z.number() })
type Payload = z.infer<typeof schema>
const retry = { attempts: 3, baseMs: 1, capMs: 5 }
const job = defineJob('job', { schema, retry })

/** Waits until `completed` and `dead` are what is given, and nothing else is left. */
async function settled(queue: Queue, expected: { readonly completed: number; readonly dead: number }): Promise<void> {
  const what = `${expected.completed} completed and ${expected.dead} dead`
  const isSettled = async () => {
    const { completed, dead, waiting, active, delayed } = await queue.status()
    return completed === expected.completed && dead === expected.dead && waiting + active + delayed === 0
  }
  await waitFor(isSettled, { what, timeoutMs: 10_000 })
}

describe.each(kinds)('a queue $kind', ({ create, work }) => {
  test('runs a job with its payload, id, attempt and fence', async () => {
    const queue = await create([job])
    const seen: unknown[] = []
    await work(queue, {
      job: (payload: Payload, { id, name, attempt, fence, tenant, dueAt }: JobRun) => {
        seen.push({ payload, id, name, attempt, fence, tenant, dueAt })
      },
    })

    const { id, deduplicated } = await queue.enqueue(job, { n: 1 })
    await settled(queue, { completed: 1, dead: 0 })

    expect(deduplicated).toBe(false)
    expect(seen).toEqual([
      { payload: { n: 1 }, id, name: 'job', attempt: 1, fence: 1, tenant: undefined, dueAt: undefined },
    ])
  })

  test('answers the first id for a key it knows, per tenant and job, also when the job is done', async () => {
    const other = defineJob('other', { schema })
    const queue = await create([job, other])
    await work(queue, { job: () => {}, other: () => {} })

    const first = await queue.enqueue(job, { n: 1 }, { key: 'k' })
    const again = await queue.enqueueBulk(job, [{ payload: { n: 2 }, options: { key: 'k' } }, { payload: { n: 3 } }])
    await settled(queue, { completed: 2, dead: 0 })
    const late = await queue.enqueue(job, { n: 4 }, { key: 'k' })
    const foreign = await asTenant('acme', () => queue.enqueue(job, { n: 5 }, { key: 'k' }))
    const otherJob = await queue.enqueue(other, { n: 6 }, { key: 'k' })
    await settled(queue, { completed: 4, dead: 0 })

    const known = { id: first.id, deduplicated: true }
    expect(again.map(({ deduplicated }) => deduplicated)).toEqual([true, false])
    expect([again[0], late]).toEqual([known, known])
    expect([foreign.deduplicated, otherJob.deduplicated]).toEqual([false, false])
  })

  test('refuses what breaks its schema, is too large, or is not carried, and stores none of a bulk then', async () => {
    const text = defineJob('text', { schema: z.object({ s: z.string() }) })
    const queue = await create([job, text])
    const invalid = { code: 'OPS_QUEUE_INVALID_PAYLOAD' }

    await expect(queue.enqueue(job, { n: 'x' as never })).rejects.toMatchObject(invalid)
    await expect(queue.enqueue(text, { s: 'x'.repeat(70_000) })).rejects.toMatchObject(invalid)
    await expect(queue.enqueue(defineJob('foreign', { schema }), { n: 1 })).rejects.toMatchObject(invalid)
    await expect(
      queue.enqueueBulk(job, [{ payload: { n: 1 } }, { payload: { n: null as never } }]),
    ).rejects.toMatchObject(invalid)

    expect(await queue.status()).toEqual({ waiting: 0, active: 0, delayed: 0, completed: 0, dead: 0 })
  })

  test('keeps a delayed job back', async () => {
    const queue = await create([job])
    const order: number[] = []
    await queue.enqueue(job, { n: 1 }, { delayMs: 300 })
    await queue.enqueue(job, { n: 2 })
    const before = await queue.status()

    await work(queue, { job: ({ n }: Payload) => void order.push(n) })
    await settled(queue, { completed: 2, dead: 0 })

    expect(before).toMatchObject({ waiting: 1, delayed: 1 })
    expect(order).toEqual([2, 1])
  })

  test('tries an error again, charged, until the attempts are spent', async () => {
    const queue = await create([job])
    const runs: { attempt: number; fence: number }[] = []
    await work(queue, {
      job: (_: unknown, { attempt, fence }: JobRun) => {
        runs.push({ attempt, fence })
        throw new Error(`order ${attempt} failed`, { cause: new TypeError('root') })
      },
    })

    const { id } = await asTenant('acme', () => queue.enqueue(job, { n: 1 }))
    await settled(queue, { completed: 0, dead: 1 })

    expect(runs).toEqual([1, 2, 3].map((n) => ({ attempt: n, fence: n })))
    expect(await queue.dead.show(id)).toMatchObject({
      id,
      job: 'job',
      verdict: 'exhausted',
      tenant: 'acme',
      reason: 'Error: order 3 failed',
      payload: { n: 1 },
      version: 1,
      fence: 3,
      counters: { deliveries: 3, attempts: 3, releases: 0, crashes: 0 },
      errors: [
        { type: 'Error', message: 'order 3 failed' },
        { type: 'TypeError', message: 'root' },
      ],
      lineage: [],
    })
  })

  test('tries no more when the window for attempts is over', async () => {
    const brief = defineJob('brief', { schema, retry: { attempts: 100, baseMs: 60_000, capMs: 60_000, within: 1 } })
    const queue = await create([brief])
    await work(queue, {
      brief: async () => {
        const from = performance.now()
        await waitFor(() => performance.now() > from + 5)
        throw new Error('late')
      },
    })

    await queue.enqueue(brief, { n: 1 })
    await settled(queue, { completed: 0, dead: 1 })

    expect(await queue.dead.list()).toMatchObject([{ verdict: 'exhausted', counters: { attempts: 1 } }])
  })

  test('lets a permanent failure and a result that cannot be stored die at once', async () => {
    const queue = await create([job])
    await work(queue, {
      job: ({ n }: Payload) => {
        if (n === 1) throw permanent(new Error('no such account'))
        return n === 2 ? 1n : 'x'.repeat(70_000)
      },
    })

    await queue.enqueueBulk(
      job,
      [1, 2, 3].map((n) => ({ payload: { n } })),
    )
    await settled(queue, { completed: 0, dead: 3 })

    const letters = await queue.dead.list()
    expect(letters.map(({ verdict, counters }) => ({ verdict, counters }))).toEqual(
      Array(3).fill({ verdict: 'permanent', counters: { deliveries: 1, attempts: 1, releases: 0, crashes: 0 } }),
    )
  })

  test('charges nothing for throttling', async () => {
    const queue = await create([job])
    const attempts: number[] = []
    await work(queue, {
      job: (_: unknown, { attempt }: JobRun) => {
        attempts.push(attempt)
        if (attempts.length < 5) throw retryAfter(2)
      },
    })

    await queue.enqueue(job, { n: 1 })
    await settled(queue, { completed: 1, dead: 0 })

    expect(attempts).toEqual([1, 1, 1, 1, 1])
  })

  test('aborts a handler whose time is up, charges it, and gives up one that ignores it', async () => {
    const slow = defineJob('slow', { schema, timeoutMs: 50, retry: { attempts: 2, baseMs: 1, capMs: 1 } })
    const queue = await create([slow, job])
    const reasons: unknown[] = []
    let release = () => {}
    await work(
      queue,
      {
        slow: (_: unknown, { signal, attempt }: JobRun) =>
          new Promise<void>((resolve, reject) => {
            signal.addEventListener('abort', () => {
              reasons.push((signal.reason as { code?: string }).code)
              if (attempt === 1) reject(signal.reason)
              else release = resolve
            })
          }),
        job: () => {},
      },
      { concurrency: 1 },
    )

    await queue.enqueue(slow, { n: 1 })
    await queue.enqueue(job, { n: 2 })
    await settled(queue, { completed: 1, dead: 1 })
    release()

    expect(reasons).toEqual(['OPS_QUEUE_TIMEOUT', 'OPS_QUEUE_TIMEOUT'])
    expect(await queue.dead.list()).toMatchObject([{ job: 'slow', verdict: 'exhausted', counters: { attempts: 2 } }])
  })

  test('buries what it does not know, and what no longer fits', async () => {
    const known = await create([job])
    await work(known, {})
    await known.enqueue(job, { n: 1 })
    await settled(known, { completed: 0, dead: 1 })

    expect(await known.dead.list()).toMatchObject([{ job: 'job', verdict: 'invalid', counters: { attempts: 0 } }])
  })

  test('runs an effect of once() a single time over all attempts, redrives included, and each name for itself', async () => {
    const queue = await create([job])
    const effects: string[] = []
    let runs = 0
    await work(queue, {
      job: async (_: unknown, run: JobRun) => {
        const charge = await run.once('charge', () => effects.push('charge'))
        const nothing = await run.once('nothing', () => void effects.push('nothing'))
        runs++
        if (runs <= 3) throw new Error('later')
        effects.push(`${charge} ${nothing}`)
      },
    })

    const { id } = await queue.enqueue(job, { n: 1 })
    await settled(queue, { completed: 0, dead: 1 })
    await queue.dead.redrive({ id })
    await settled(queue, { completed: 1, dead: 0 })

    expect(effects).toEqual(['charge', 'nothing', '1 undefined'])
  })

  test('lists, counts, groups and forgets dead letters by filter, newest first', async () => {
    const other = defineJob('other', { schema, retry: { attempts: 1 } })
    const queue = await create([job, other])
    await work(
      queue,
      {
        job: ({ n }: Payload) => {
          throw permanent(new Error(`no ${n}`))
        },
        other: () => {
          throw new Error('down')
        },
      },
      { concurrency: 1 },
    )
    await asTenant('acme', () =>
      queue.enqueueBulk(
        job,
        [1, 2, 3].map((n) => ({ payload: { n } })),
      ),
    )
    await settled(queue, { completed: 0, dead: 3 })
    await queue.enqueue(other, { n: 4 })
    await settled(queue, { completed: 0, dead: 4 })
    const [group, single] = await queue.dead.groups()
    const progress: number[] = []

    expect(group).toMatchObject({ job: 'job', verdict: 'permanent', count: 3 })
    expect(single).toMatchObject({ job: 'other', verdict: 'exhausted', count: 1 })
    expect((await queue.dead.list()).map(({ payload }) => (payload as Payload).n)[0]).toBe(4)
    expect(await queue.dead.list({ tenant: 'acme', limit: 2 })).toHaveLength(2)
    expect(await queue.dead.count({ fingerprint: group?.fingerprint as string })).toBe(3)
    expect(await queue.dead.count()).toBe(4)
    expect(await queue.dead.show('nope')).toBeUndefined()
    expect(await queue.dead.discard({ job: 'job' }, { onProgress: ({ done }) => progress.push(done) })).toBe(3)
    expect(progress).toEqual([1, 2, 3])
    expect((await queue.status()).dead).toBe(1)
  })

  test('redrives by filter: dry run, edited payload validated, lineage and fence kept, canary first', async () => {
    const queue = await create([job])
    const state = { broken: true, fences: [] as number[] }
    await work(queue, {
      job: (_: unknown, { fence }: JobRun) => {
        state.fences.push(fence)
        if (state.broken) throw permanent(new Error('down'))
      },
    })
    await asTenant('acme', () =>
      queue.enqueueBulk(
        job,
        [1, 2, 3, 4].map((n) => ({ payload: { n } })),
      ),
    )
    await settled(queue, { completed: 0, dead: 4 })

    const plan = await queue.dead.redrive({ tenant: 'acme' }, { dryRun: true })
    const refused = await queue.dead.redrive({}, { edit: () => ({ n: 'x' }) })
    const unlucky = await queue.dead.redrive({}, { canary: 1, ratePerSecond: 1_000 })
    await settled(queue, { completed: 0, dead: 4 })
    const heir = (await queue.dead.list()).find(({ lineage }) => lineage.length === 1)
    state.broken = false
    const edit = (payload: unknown) => ({ n: (payload as Payload).n + 10 })
    const lucky = await queue.dead.redrive({}, { canary: 2, ratePerSecond: 1_000, edit })
    await settled(queue, { completed: 4, dead: 0 })

    expect([plan.matched, Object.keys(plan.redriven).length, plan.canary]).toEqual([4, 4, 'none'])
    expect([refused.refused.length, Object.keys(refused.redriven).length]).toEqual([4, 0])
    expect([unlucky.canary, Object.keys(unlucky.redriven).length]).toEqual(['failed', 1])
    expect(heir).toMatchObject({ tenant: 'acme', fence: 2, id: `${heir?.lineage[0]}.r1` })
    expect([lucky.canary, Object.keys(lucky.redriven).length]).toEqual(['passed', 4])
    expect(state.fences.toSorted()).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3])
  })

  test('brings payloads of older versions up, and buries what cannot be', async () => {
    const v1 = defineJob('versioned', { schema: z.object({ name: z.string() }) })
    const upgrade = {
      1: ({ name }: { name: string }) => ({ first: name }),
      2: ({ first }: { first: string }) => {
        if (first === 'bad') throw new Error('cannot')
        return { first, last: '?' }
      },
    }
    const v3 = defineJob('versioned', {
      schema: z.object({ first: z.string(), last: z.string() }),
      version: 3,
      upgrade,
    })
    // One queue that lives through two releases: the definition of the newer one reads what the older one wrote.
    const jobs = [v3 as JobDefinition]
    const queue = await create(jobs)
    const seen: unknown[] = []

    await queue.enqueue(v1, { name: 'Ada' })
    await queue.enqueue(v1, { name: 'bad' })
    await queue.enqueue(v3, { first: 'Alan', last: 'Turing' })
    await queue.enqueue({ ...v1, version: 9 }, { name: 'future' })
    await work(queue, { versioned: (payload: unknown) => void seen.push(payload) })
    await settled(queue, { completed: 2, dead: 2 })

    expect(seen).toHaveLength(2)
    expect(seen).toEqual(
      expect.arrayContaining([
        { first: 'Ada', last: '?' },
        { first: 'Alan', last: 'Turing' },
      ]),
    )
    const reasons = (await queue.dead.list()).map(({ verdict, reason }) => `${verdict} ${reason}`)
    expect(reasons.filter((reason) => reason.includes('upgrade[2] failed: cannot'))).toHaveLength(1)
    expect(reasons.filter((reason) => reason.includes('its version is 9, expected 1 to 3'))).toHaveLength(1)
  })

  test('runs handlers in the context of the producer: tenant, deadline where asked for, a linked trace', async () => {
    const recording = recordSpans()
    closing(() => recording.stop())
    const queue = await create([job])
    const deadline = performance.now() + 500
    const seen: { tenant: string | undefined; left: number; traceId: string | undefined }[] = []
    await work(
      queue,
      {
        job: (_: unknown, { tenant }: JobRun) => {
          const context = currentContext()
          seen.push({ tenant, left: (context?.deadline ?? 0) - performance.now(), traceId: context?.traceId })
          expect(context?.tenant).toBe('acme')
        },
      },
      { concurrency: 1 },
    )

    await runInContext(createContext({ tenant: 'acme', deadline }), async () => {
      await queue.enqueue(job, { n: 1 })
      await queue.enqueue(job, { n: 2 }, { inheritDeadline: true })
    })
    await settled(queue, { completed: 2, dead: 0 })

    const producer = recording.spans.find(({ name }) => name === 'enqueue job')
    const consumer = recording.spans.find(({ name }) => name === 'process job')
    expect(seen.map(({ tenant }) => tenant)).toEqual(['acme', 'acme'])
    expect(seen[0]?.left).toBeGreaterThan(1_000)
    expect(seen[1]?.left).toBeLessThanOrEqual(500)
    expect(consumer?.links[0]?.context.spanId).toBe(producer?.spanId)
    expect(seen[0]?.traceId).toBe(consumer?.traceId)
    expect(consumer?.traceId).not.toBe(producer?.traceId)
  })

  test('encrypts by its cipher and reveals by it', async () => {
    const queue = await create([job], { cipher: aes({ key: Buffer.alloc(32, 1) }) })
    const seen: number[] = []
    await work(queue, {
      job: ({ n }: Payload) => {
        seen.push(n)
        if (n === 2) throw permanent(new Error('no 2'))
      },
    })

    await queue.enqueue(job, { n: 1 })
    const { id } = await queue.enqueue(job, { n: 2 })
    await settled(queue, { completed: 1, dead: 1 })

    expect(seen.toSorted()).toEqual([1, 2])
    expect(await queue.dead.show(id)).toMatchObject({ encrypted: true, reason: 'PermanentError' })
    expect(await queue.dead.reveal(id)).toMatchObject({ payload: { n: 2 }, reason: expect.stringContaining('no 2') })
  })

  test('drain() lets what runs end, and hands back uncharged what does not', async () => {
    const queue = await create([job])
    const started: number[] = []
    let finish = () => {}
    const worker = await work(
      queue,
      {
        job: ({ n }: Payload, { signal }: JobRun) =>
          new Promise<void>((resolve, reject) => {
            started.push(n)
            if (n === 1) finish = resolve
            else signal.addEventListener('abort', () => reject(signal.reason))
          }),
      },
      { drainMs: 1_600, concurrency: 2 },
    )
    await queue.enqueueBulk(
      job,
      [1, 2, 3].map((n) => ({ payload: { n } })),
    )
    await waitFor(() => started.length === 2)

    const drained = worker.drain()
    finish()
    await drained

    expect(await queue.status()).toMatchObject({ completed: 1, active: 0, waiting: 2, dead: 0 })
    const attempts: number[] = []
    await work(queue, { job: (_: unknown, { attempt }: JobRun) => void attempts.push(attempt) })
    await settled(queue, { completed: 3, dead: 0 })
    expect(attempts).toEqual([1, 1])
  })
})
