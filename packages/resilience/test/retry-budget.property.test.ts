/** The budget's promise, over any interleaving of calls, retries and time. */
import { createTestClock, createTestRandom } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../src/backoff.ts'
import { createPolicy, createRetryBudget } from '../src/index.ts'

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('call' as const), times: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ do: fc.constant('retry' as const), times: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ do: fc.constant('wait' as const), times: fc.integer({ min: 1, max: 15_000 }) }),
  ),
  { maxLength: 60 },
)

test('tryWithdraw() allows no retry that makes more than 20 % of the calls of the last 10 seconds, or 30', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const clock = createTestClock()
      const budget = createRetryBudget({ clock })
      const calls = new Map<number, number>()
      const retries = new Map<number, number>()
      const add = (to: Map<number, number>, second: number) => to.set(second, (to.get(second) ?? 0) + 1)
      for (const { do: action, times } of plan) {
        if (action === 'wait') await clock.advance(times)
        const second = Math.floor(clock.monotonic() / 1000)
        for (let i = 0; i < times && action !== 'wait'; i++) {
          if (action === 'retry' && budget.tryWithdraw()) add(retries, second)
          if (action === 'call') budget.recordCall()
          if (action === 'call') add(calls, second)
        }
      }
      const within = (of: Map<number, number>, end: number) =>
        Array.from({ length: 10 }, (_, back) => of.get(end - back) ?? 0).reduce((sum, count) => sum + count)
      for (const end of retries.keys()) {
        expect(within(retries, end)).toBeLessThanOrEqual(Math.max(0.2 * within(calls, end), 30))
      }
    }),
    { numRuns: 150 },
  )
})

test('tryWithdraw() always allows 30 in 10 seconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 150 }), (calls) => {
      const budget = createRetryBudget({ clock: createTestClock() })
      for (let i = 0; i < calls; i++) budget.recordCall()

      expect(Array.from({ length: 31 }, () => budget.tryWithdraw()).indexOf(false)).toBe(30)
    }),
  )
})

test('createPolicy() keeps its attempts within the budget when calls fail in any interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 400 }), async (gapsMs) => {
      const clock = createTestClock()
      let attempts = 0
      const retry = { retries: 5, baseMs: 5 }
      const protect = createPolicy({ name: 'p', clock, random: createTestRandom(1), retry })
      const calls: Promise<unknown>[] = []
      for (const gapMs of gapsMs) {
        const failing = () => {
          attempts++
          throw new Error('down')
        }
        calls.push(protect(failing).catch(() => {}))
        await clock.advance(gapMs)
      }
      await clock.advance(1_000)
      await Promise.all(calls)

      expect(attempts - gapsMs.length).toBeLessThanOrEqual(Math.max(0.2 * gapsMs.length, 30))
    }),
    { numRuns: 30 },
  )
})

test('backoffMs() stays below a ceiling that doubles, up to its maximum', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 0.999_999, noNaN: true }),
      (retry, chance) => {
        const waitMs = backoffMs(retry, { baseMs: 50, maxMs: 2000 }, { next: () => chance })

        expect(waitMs).toBeGreaterThanOrEqual(0)
        expect(waitMs).toBeLessThanOrEqual(Math.min(2000, 50 * 2 ** Math.min(retry - 1, 52)))
      },
    ),
  )
})
