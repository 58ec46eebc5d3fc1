import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { costOf, UNIT } from '../src/fairness.ts'
import { defineJob, type Queue } from '../src/index.ts'
import { MAX_VIRTUAL_TIME } from '../src/turns.ts'
import { asTenant, closing, connectQueue } from './fixture.ts'
import { Sfq } from './sfq.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }) })
const SCALE = 2 ** 32
const weightsOf = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 2, maxLength: 5 })

describe('costOf()', () => {
  test('costOf() falls as the weight rises, stays a whole number between its ends, and takes what is no number as 1', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        expect(Number.isInteger(costOf(a)) && costOf(a) >= 100 && costOf(a) <= 1_000_000).toBe(true)
        if (!Number.isNaN(low + high)) expect(costOf(low)).toBeGreaterThanOrEqual(costOf(high))
        expect(costOf(Number.NaN)).toBe(UNIT)
      }),
    )
  })
})

describe('start tags', () => {
  test('start tags share the starts of tenants with jobs waiting by weight, to within one job of each', () => {
    fc.assert(
      fc.property(weightsOf, fc.integer({ min: 1, max: 300 }), (weights, starts) => {
        const queue = new Sfq()
        const costs = weights.map(costOf)
        const jobs = costs.flatMap((cost, flow) =>
          Array.from({ length: 300 }, (_, n) => ({ id: `${flow}/${n}`, flow: String(flow), cost })),
        )
        queue.arrive(jobs)
        const served = costs.map(() => 0)
        for (let i = 0; i < starts; i++) served[Number(queue.next()?.flow)]! += 1

        // Theorem 1 of the paper: | W_f / w_f - W_m / w_m | <= l_f / w_f + l_m / w_m; work over weight is jobs times cost here.
        for (const [f, costF] of costs.entries())
          for (const [m, costM] of costs.entries())
            expect(Math.abs(served[f]! * costF - served[m]! * costM)).toBeLessThanOrEqual(costF + costM)
      }),
    )
  })

  test('start tags let a late tenant pass a flood: its jobs wait for at most as many of each other tenant', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (tenants, before, count) => {
          const queue = new Sfq()
          const flood = Array.from({ length: tenants * 300 }, (_, n) => ({
            id: `${n}`,
            flow: `${n % tenants}`,
            cost: UNIT,
          }))
          queue.arrive(flood)
          for (let i = 0; i < before; i++) queue.next()
          queue.arrive(Array.from({ length: count }, (_, n) => ({ id: `late${n}`, flow: 'late', cost: UNIT })))
          let waited = 0
          for (let left = count; left > 0; waited++) if (queue.next()?.flow === 'late') left--

          expect(waited).toBeLessThanOrEqual(2 * count * (tenants + 1))
        },
      ),
    )
  })
})

interface Step {
  readonly starts: number
  readonly tenant: number
  readonly jobs: number
}

const steps = fc.array(
  fc.record({
    starts: fc.integer({ min: 0, max: 8 }),
    tenant: fc.integer({ min: 0, max: 4 }),
    jobs: fc.integer({ min: 1, max: 8 }),
  }),
  { minLength: 1, maxLength: 12 },
)

async function fairQueue(
  weights: readonly number[],
): Promise<{ queue: Queue; redis: Redis; key: (s: string) => string }> {
  const redis = new Redis(inject('redisUrl'), { protocol: 2, replyMapping: 'legacy' })
  closing(() => redis.disconnect())
  const queue = await connectQueue([job], { redis, fairness: { weight: (tenant) => weights[Number(tenant)] ?? 1 } })
  return { queue, redis, key: (suffix) => `{ops:${queue.name}}:${queue.name}:${suffix}` }
}

/** Moves all tags of a queue up, as years of jobs would. */
async function age(redis: Redis, key: (suffix: string) => string, by: number): Promise<void> {
  for (const id of await redis.zrange(key('prioritized'), '0', '-1')) {
    const tag = Number(await redis.hget(key(id), 'priority')) + by
    const score = Number(await redis.zscore(key('prioritized'), id))
    await redis.hset(key(id), 'priority', String(tag))
    await redis.zadd(key('prioritized'), tag * SCALE + (score % SCALE), id)
  }
  for (const flow of await redis.zrange(key('ops-turns'), '0', '-1')) await redis.zincrby(key('ops-turns'), by, flow)
}

describe('enqueueBulk() with fairness', () => {
  test('enqueueBulk() gives the turns that start-time fair queueing gives, whatever comes and starts when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 }),
        steps,
        async (weights, plan: Step[]) => {
          const { queue, redis, key } = await fairQueue(weights)
          const model = new Sfq()
          const [ours, theirs]: [[string, number][], [string, number][]] = [[], []]
          const start = async (count: number): Promise<void> => {
            const popped = await redis.zpopmin(key('prioritized'), count)
            for (let i = 0; i < popped.length; i += 2)
              ours.push([String(popped[i]), Math.floor(Number(popped[i + 1]) / SCALE)])
            for (let i = 0; i < count; i++) {
              const next = model.next()
              if (next !== undefined) theirs.push([next.id, next.tag])
            }
          }
          for (const { starts, tenant, jobs } of plan) {
            if (starts > 0) await start(starts)
            const entries = Array.from({ length: jobs }, (_, n) => ({ payload: { n } }))
            const stored = await asTenant(String(tenant), () => queue.enqueueBulk(job, entries))
            model.arrive(
              stored.map(({ id }) => ({ id, flow: String(tenant), cost: costOf(weights[tenant] as number) })),
            )
          }
          await start(1_000)

          // Which of two equal tags comes first is nobody's business: the paper breaks ties arbitrarily.
          expect(ours.map(([, tag]) => tag)).toEqual(theirs.map(([, tag]) => tag))
          expect(ours.map(String).sort()).toEqual(theirs.map(String).sort())
        },
      ),
      { numRuns: 25 },
    )
  })

  test('enqueueBulk() moves all tags down before they get too large, and the order stays', async () => {
    const { queue, redis, key } = await fairQueue([1, 3])
    const model = new Sfq()
    const put = async (tenant: number, jobs: number): Promise<void> => {
      const entries = Array.from({ length: jobs }, (_, n) => ({ payload: { n } }))
      const stored = await asTenant(String(tenant), () => queue.enqueueBulk(job, entries))
      model.arrive(stored.map(({ id }) => ({ id, flow: String(tenant), cost: costOf([1, 3][tenant] as number) })))
    }
    await put(0, 20)
    await put(1, 20)
    await age(redis, key, MAX_VIRTUAL_TIME)
    await put(0, 5)

    const order = await redis.zrange(key('prioritized'), '0', '-1')
    const tags = await Promise.all(order.map(async (id) => Number(await redis.hget(key(id), 'priority'))))

    expect(tags).toEqual(order.map(() => model.next()?.tag))
    expect(Number(await redis.zscore(key('ops-turns'), 'v'))).toBe(1)
  })
})
