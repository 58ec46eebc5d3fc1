import { createTestClock } from '@ops/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReportCap, fingerprintOf } from '../src/report-cap.ts'

describe('createReportCap()', () => {
  test('allows at most the cap in a window, and accounts for every report', async () => {
    const step = fc.record({
      fingerprint: fc.constantFrom('a', 'b'),
      passMs: fc.constantFrom(0, 0, 0, 1000, 59_999, 60_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, max) => {
        const clock = createTestClock()
        const cap = createReportCap(max, clock)
        const seen = { a: { taken: 0, told: 0 }, b: { taken: 0, told: 0 } }
        const allowedAt: number[] = []

        for (const { fingerprint, passMs } of steps) {
          await clock.advance(passMs)
          const { allowed, suppressed } = cap.take(fingerprint)
          const account = seen[fingerprint as 'a' | 'b']
          account.taken++
          if (allowed) account.told += suppressed + 1
          if (allowed && fingerprint === 'a') allowedAt.push(clock.monotonic())
        }

        for (const { taken, told } of Object.values(seen)) expect(told).toBeLessThanOrEqual(taken)
        // Two windows may touch, so no more than twice the cap falls into any minute.
        for (const at of allowedAt) {
          expect(allowedAt.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(2 * max)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('shares one window among fingerprints beyond 500, and makes room a minute later', async () => {
    const clock = createTestClock()
    const cap = createReportCap(1, clock)
    for (let n = 0; n < 500; n++) cap.take(`fault-${n}`)

    const beyond = [cap.take('x'), cap.take('y')].map((decision) => decision.allowed)
    await clock.advance(60_000)
    const later = [cap.take('x'), cap.take('y')].map((decision) => decision.allowed)

    expect(beyond).toEqual([true, false])
    expect(later).toEqual([true, true])
  })
})

describe('fingerprintOf()', () => {
  const raise = (message: string) => new Error(message)

  test('is the same when only the message differs, however long or many lines', () => {
    expect(fingerprintOf(raise('a'))).toBe(fingerprintOf(raise('b\n  at '.repeat(100_000))))
  })

  test('differs when type, code or place differs', () => {
    const error = raise('a')
    const others = [new TypeError('a'), Object.assign(raise('a'), { code: 'E' }), new Error('a')]

    for (const other of others) expect(fingerprintOf(other)).not.toBe(fingerprintOf(error))
  })

  test('is total', () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof fingerprintOf(value) === 'string'))
  })
})
