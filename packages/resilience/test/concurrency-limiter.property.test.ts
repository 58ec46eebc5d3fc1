/** The learnt limit: its rules under any sequence of calls, and what it does to a simulated server under too much load. */
import { createTestClock, createTestRandom, recordMetrics } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ConcurrencyLimiterOptions, createConcurrencyLimiter, type Priority } from '../src/index.ts'
import { simulateServer } from './simulated-server.ts'

const options = (more: Partial<ConcurrencyLimiterOptions> = {}) => {
  const clock = createTestClock()
  return { clock, settings: { name: 'server', clock, random: createTestRandom(1), ...more } }
}

test('admit() keeps each priority within its share and the limit within its bounds, whatever happens', async () => {
  const step = fc.record({
    priority: fc.constantFrom('low', 'normal', 'high', 'critical', 'unknown'),
    ends: fc.nat(3),
    durationMs: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
    dropped: fc.boolean(),
    gapMs: fc.integer({ min: 0, max: 300 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
      const { clock, settings } = options({ minLimit: 2, maxLimit: 30, initialLimit: 10, windowMs: 100 })
      const limiter = createConcurrencyLimiter(settings)
      const shares: Record<string, number> = { low: 0.6, normal: 0.8, unknown: 0.8, high: 1, critical: Infinity }
      let running = 0
      for (const { priority, ends, durationMs, dropped, gapMs } of steps) {
        const room = Math.max(1, limiter.limit * (shares[priority] as number))
        const refusal = limiter.admit(priority)
        expect(refusal === undefined).toBe(running < room)
        if (refusal === undefined) {
          limiter.enter()
          running++
        } else expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(1_000)
        for (let i = 0; i < ends && running > 0; i++, running--) limiter.leave(durationMs, dropped)
        expect(limiter.inFlight).toBe(running)
        expect(limiter.limit).toBeGreaterThanOrEqual(2)
        expect(limiter.limit).toBeLessThanOrEqual(30)
        await clock.advance(gapMs)
      }
    }),
    { numRuns: 40 },
  )
})

test('createConcurrencyLimiter() keeps latency near that of an idle server when four times its capacity comes', async () => {
  const { clock, settings } = options({ maxLimit: 10_000 })
  const [limiter, unlimited] = [createConcurrencyLimiter(settings), undefined]
  const load = { clock, capacity: 40, serviceMs: 20, seconds: 12, arrivalsPerSecond: () => 8_000 }

  const protectedServer = await simulateServer({ ...load, limiter })
  const openServer = await simulateServer({ ...load, limiter: unlimited })

  expect(protectedServer.served / protectedServer.couldServe).toBeGreaterThan(0.9)
  expect(protectedServer.p95Ms).toBeLessThan(4 * load.serviceMs)
  expect(openServer.p95Ms).toBeGreaterThan(50 * load.serviceMs)
})

test('createConcurrencyLimiter() serves the important and refuses the rest when both cannot be served', async () => {
  const { clock, settings } = options({ maxLimit: 10_000 })
  const limiter = createConcurrencyLimiter(settings)
  const priorityOf = (at: number): Priority => (at % 10 === 0 ? 'high' : at % 10 < 4 ? 'normal' : 'low')

  const { admittedShare } = await simulateServer({
    ...{ clock, limiter, capacity: 40, serviceMs: 20, seconds: 12, priorityOf },
    arrivalsPerSecond: () => 6_000,
  })

  expect(admittedShare('high')).toBeGreaterThan(0.95)
  expect(admittedShare('normal')).toBeGreaterThan(2 * admittedShare('low'))
  expect(admittedShare('low')).toBeLessThan(0.2)
})

test('createConcurrencyLimiter() refuses nobody again soon after the load has passed', async () => {
  const { clock, settings } = options({ maxLimit: 10_000 })
  const limiter = createConcurrencyLimiter(settings)
  const load = { clock, limiter, capacity: 40, serviceMs: 20 }
  await simulateServer({ ...load, seconds: 10, arrivalsPerSecond: () => 8_000 })

  const after = await simulateServer({ ...load, seconds: 5, arrivalsPerSecond: () => 600 })

  expect(after.refused).toBe(0)
  expect(after.p95Ms).toBeLessThan(2 * load.serviceMs)
})

test('createConcurrencyLimiter() lowers its limit while the process is overloaded for another reason', async () => {
  let overloaded = false
  const { clock, settings } = options({ initialLimit: 100, minLimit: 5, overloaded: () => overloaded })
  const limiter = createConcurrencyLimiter(settings)
  const load = { clock, limiter, capacity: 1_000, serviceMs: 20, seconds: 3, arrivalsPerSecond: () => 4_000 }
  await simulateServer(load)
  const before = limiter.limit
  overloaded = true

  await simulateServer(load)

  expect(limiter.limit).toBeLessThan(before * 0.8)
})

test('createConcurrencyLimiter() shows limit, use and refusals in the metrics', async () => {
  const metrics = recordMetrics()
  const { settings } = options({ initialLimit: 2, minLimit: 1, meter: metrics.meter })
  const limiter = createConcurrencyLimiter(settings)
  limiter.enter()
  limiter.enter()

  expect(limiter.admit('high')).toMatchObject({ retryAfterMs: expect.any(Number) })
  expect(limiter.admit('critical')).toBeUndefined()
  await metrics.collect()
  expect(metrics.value('concurrency_limit', { limiter: 'server' })).toBe(2)
  expect(metrics.value('concurrency_in_use', { limiter: 'server' })).toBe(2)
  expect(metrics.value('concurrency_refused_total', { limiter: 'server', priority: 'high' })).toBe(1)
  expect(metrics.problems).toEqual([])
})

test.each([
  [{ name: '' }, 'name is ""'],
  [{ minLimit: 0 }, 'minLimit is 0'],
  [{ minLimit: 20, maxLimit: 10 }, 'maxLimit is 10, expected a whole number from 20'],
  [{ initialLimit: 5 }, 'initialLimit is 5, expected a whole number from 10'],
  [{ windowMs: 1 }, 'windowMs is 1'],
])('createConcurrencyLimiter() throws when given %o', (wrong, message) => {
  expect(() => createConcurrencyLimiter({ name: 'server', ...wrong })).toThrow(message)
})
