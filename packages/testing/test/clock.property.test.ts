import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTestClock } from '../src/index.ts'

const DELAYS = fc.array(fc.nat(50), { maxLength: 12 })
const STEPS = fc.array(fc.nat(20), { maxLength: 8 })

describe('createTestClock()', () => {
  test('advance() fires exactly what is due, at its moment, in order, whatever the steps', async () => {
    await fc.assert(
      fc.asyncProperty(DELAYS, STEPS, async (delays, steps) => {
        const clock = createTestClock()
        const start = clock.monotonic()
        const fired: { due: number; at: number; index: number }[] = []
        delays.forEach((delay, index) => {
          clock.setTimeout(() => fired.push({ due: delay, at: clock.monotonic() - start, index }), delay)
        })

        for (const step of steps) await clock.advance(step)

        const passed = steps.reduce((sum, step) => sum + step, 0)
        const due = delays.map((delay, index) => ({ due: delay, at: delay, index }))
        const expected = steps.length === 0 ? [] : due.filter((one) => one.due <= passed)
        expected.sort((a, b) => a.due - b.due || a.index - b.index)
        expect(fired).toEqual(expected)
        expect(clock.pendingTimers).toBe(delays.length - expected.length)
      }),
      { numRuns: 50 },
    )
  })
})
