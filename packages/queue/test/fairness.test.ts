import { recordMetrics, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  createQueue,
  defineJob,
  type FairnessOptions,
  type JobRun,
  permanent,
  type Queue,
  schedule,
} from '../src/index.ts'
import { asTenant, connect, connectQueue, startWorker, uniqueName } from './fixture.ts'

const schema = z.object({ n: z.number() })
const job = defineJob('job', { schema, retry: { attempts: 3, baseMs: 1, capMs: 1 } })

function enqueueMany(queue: Queue, tenant: string, count: number, options = {}): Promise<unknown> {
  const entries = Array.from({ length: count }, (_, n) => ({ payload: { n }, options }))
  return asTenant(tenant, () => queue.enqueueBulk(job, entries))
}

/** Works off what waits, one at a time. Returns tenants in the order of their starts. */
async function orderOf(queue: Queue, count: number, onStart = (_started: number) => {}): Promise<string[]> {
  const order: string[] = []
  const worker = await startWorker(
    queue,
    {
      job: (_payload: unknown, { tenant }: JobRun) => {
        order.push(tenant ?? '')
        onStart(order.length)
      },
    },
    { concurrency: 1 },
  )
  await waitFor(() => order.length >= count, { timeoutMs: 30_000 })
  await worker.drain()
  return order
}

const counts = (order: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(order)].map((tenant) => [tenant, order.filter((one) => one === tenant).length]))

describe('fairness', () => {
  test('enqueueBulk() of 5,000 by one tenant delays 20 jobs of a late tenant by at most 2 x its jobs x active tenants', async () => {
    const weight = (tenant: string): number => (tenant === 'double' ? 2 : 1)
    const queue = await connectQueue([job], { fairness: { weight } })
    await enqueueMany(queue, 'flood', 5_000)
    await enqueueMany(queue, 'double', 1_000)
    let cameAt = Number.POSITIVE_INFINITY
    let startedNow = 0

    const order = await orderOf(queue, 1_000, (started) => {
      startedNow = started
      if (started === 300) void enqueueMany(queue, 'late', 20).then(() => (cameAt = startedNow))
    })

    const waited = order.lastIndexOf('late') + 1 - cameAt
    expect(counts(order)['late']).toBe(20)
    expect(waited).toBeLessThanOrEqual(2 * 20 * 3)
  })

  test('createWorker() shares its starts by weight while all have jobs waiting', async () => {
    const weights: Record<string, number> = { a: 1, b: 2, c: 5 }
    const queue = await connectQueue([job], { fairness: { weight: (tenant) => weights[tenant] ?? 1 } })
    await enqueueMany(queue, 'a', 200)
    await enqueueMany(queue, 'b', 200)
    await enqueueMany(queue, 'c', 200)

    const order = (await orderOf(queue, 160)).slice(0, 160)

    const { a = 0, b = 0, c = 0 } = counts(order)
    expect([a, b, c].map((count, i) => Math.abs(count - [20, 40, 100][i]!) <= 2)).toEqual([true, true, true])
  })

  test('enqueue() takes turns as enqueueBulk() does, and jobs of one tenant stay in their order', async () => {
    const queue = await connectQueue([job], { fairness: {} })
    for (let n = 0; n < 30; n++) await asTenant('busy', () => queue.enqueue(job, { n }))
    for (let n = 0; n < 3; n++) await asTenant('quiet', () => queue.enqueue(job, { n }))
    const started: string[] = []
    await startWorker(
      queue,
      { job: ({ n }: { n: number }, { tenant }: JobRun) => void started.push(`${tenant}${n}`) },
      { concurrency: 1 },
    )
    await waitFor(() => started.length === 33)

    expect(started.filter((one) => one.startsWith('quiet'))).toEqual(['quiet0', 'quiet1', 'quiet2'])
    expect(started.indexOf('quiet2')).toBeLessThanOrEqual(2 * 3 * 2)
    expect(started.filter((one) => one.startsWith('busy'))).toEqual(Array.from({ length: 30 }, (_, n) => `busy${n}`))
  })

  test('createWorker() gives jobs that come without a turn one, so that 300 delayed ones do not overtake', async () => {
    const redis = await connect()
    const queue = await connectQueue([job], { redis, fairness: {} })
    await enqueueMany(queue, 'delayed', 300, { delayMs: 1 })
    await enqueueMany(queue, 'quiet', 10)
    await waitFor(
      async () =>
        Number((await redis.zrange(`{ops:${queue.name}}:${queue.name}:delayed`, '-1', '-1', 'WITHSCORES'))[1]) / 4096 <
        Date.now(),
    )

    const order = await orderOf(queue, 310)

    expect(counts(order)).toEqual({ delayed: 300, quiet: 10 })
    expect(order.lastIndexOf('quiet')).toBeLessThanOrEqual(2 * 10 * 2)
  })

  test('redrive() gives 100 dead letters of one tenant their turns, so that they do not overtake a quiet one', async () => {
    const queue = await connectQueue([job], { fairness: {} })
    await enqueueMany(queue, 'loud', 100)
    const dying = await startWorker(queue, {
      job: () => {
        throw permanent(new Error('no'))
      },
    })
    await waitFor(async () => (await queue.status()).dead === 100)
    await dying.close()
    await queue.dead.redrive({}, { ratePerSecond: 10_000 })
    await enqueueMany(queue, 'quiet', 10)

    const order = await orderOf(queue, 110)

    expect(counts(order)).toEqual({ loud: 100, quiet: 10 })
    expect(order.lastIndexOf('quiet')).toBeLessThanOrEqual(2 * 10 * 2)
  })

  test('createWorker() gives runs of a schedule their turn behind jobs of their tenant that wait', async () => {
    const redis = await connect()
    const queue = await connectQueue([job], { redis, fairness: {} })
    await enqueueMany(queue, 'cron', 40)
    const order: string[] = []
    const runIsDue = async () => {
      const [, score] = await redis.zrange(`{ops:${queue.name}}:${queue.name}:delayed`, '0', '0', 'WITHSCORES')
      return Number(score) / 4096 < Date.now()
    }
    await startWorker(
      queue,
      {
        job: async (_payload: unknown, { dueAt }: JobRun) => {
          order.push(dueAt === undefined ? 'job' : 'run')
          // So that the run could start while nearly all others wait.
          if (order.length <= 2) await waitFor(runIsDue)
        },
      },
      { concurrency: 2, schedules: [schedule(job, '* * * * * *', { payload: { n: 1 }, tenant: 'cron' })] },
    )
    await waitFor(() => order.filter((one) => one === 'job').length === 40 && order.includes('run'))

    expect(order.indexOf('run')).toBe(40)
  })

  test('createWorker() lets a failed job keep its turn', async () => {
    const queue = await connectQueue([job], { fairness: {} })
    await enqueueMany(queue, 'busy', 200)
    const tries: number[] = []
    let starts = 0
    await startWorker(
      queue,
      {
        job: ({ n }: { n: number }) => {
          starts++
          if (n !== 3) return
          tries.push(starts)
          if (tries.length < 3) throw new Error('again')
        },
      },
      { concurrency: 1 },
    )
    await waitFor(() => starts >= 202)

    expect(tries).toHaveLength(3)
    expect(tries[2]).toBeLessThan(100)
  })

  test('enqueue() with a key that was used keeps the first turn and takes no other', async () => {
    const queue = await connectQueue([job], { fairness: {} })
    for (let i = 0; i < 5; i++) await asTenant('a', () => queue.enqueue(job, { n: 1 }, { key: 'k' }))
    await asTenant('a', () => queue.enqueue(job, { n: 2 }))
    await asTenant('b', () => queue.enqueue(job, { n: 1 }))

    expect(await orderOf(queue, 3)).toEqual(['a', 'b', 'a'])
  })

  test('createWorker() runs at most cap jobs of a tenant, charges nothing and lets others pass', async () => {
    const { meter, value } = recordMetrics()
    const queue = await connectQueue([job], { fairness: { cap: 2 } })
    await enqueueMany(queue, 'flood', 60)
    await enqueueMany(queue, 'quiet', 5)
    let running = 0
    let most = 0
    const order: string[] = []
    const attempts = new Set<number>()
    const fences: number[] = []
    await startWorker(
      queue,
      {
        job: async (_payload: unknown, { tenant, attempt, fence }: JobRun) => {
          order.push(tenant ?? '')
          attempts.add(attempt)
          fences.push(fence)
          if (tenant !== 'flood') return
          most = Math.max(most, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
        },
      },
      { concurrency: 10, meter },
    )
    await waitFor(async () => (await queue.status()).completed === 65)

    expect(most).toBeLessThanOrEqual(2)
    expect([...attempts]).toEqual([1])
    expect(new Set(fences)).toEqual(new Set([1]))
    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'tenant_cap' })).toBeGreaterThan(0)
    expect(value('worker_jobs_released_total', { queue: queue.name, reason: 'tenant_cap' })).toBeLessThanOrEqual(120)
    expect(value('worker_jobs_failed_total')).toBe(0)
    expect(await queue.status()).toMatchObject({ waiting: 0, delayed: 0, active: 0, dead: 0 })
  })

  test('createQueue() throws a RangeError when the cap is none', async () => {
    const redis = await connect()
    const make = (fairness: FairnessOptions): Queue => createQueue(uniqueName(), { redis, jobs: [job], fairness })

    expect(() => make({ cap: 0 })).toThrow(RangeError)
    expect(() => make({ cap: 1.5 })).toThrow(RangeError)
  })

  test('enqueue() forgets tenants whose turns have passed', async () => {
    const redis = await connect()
    const queue = await connectQueue([job], { redis, fairness: {} })
    for (let tenant = 0; tenant < 100; tenant++) await asTenant(`t${tenant}`, () => queue.enqueue(job, { n: 1 }))
    await orderOf(queue, 100)
    await asTenant('next', () => queue.enqueue(job, { n: 1 }))
    await asTenant('next', () => queue.enqueue(job, { n: 1 }))

    // The clock itself, the last that was waited for, and the one that waits.
    expect(await redis.zcard(`{ops:${queue.name}}:${queue.name}:ops-turns`)).toBeLessThanOrEqual(3)
  })
})
