import { createTestRandom } from '@ops/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isReadonlyError, retryDelayMs } from '../src/failure-policy.ts'

describe('retryDelayMs()', () => {
  test('retryDelayMs() stays between 0 and the bound, for any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 50, max: 60_000 }),
        fc.nat(),
        (attempt, max, seed) => {
          const delay = retryDelayMs(attempt, max, createTestRandom(seed))

          expect(delay).toBeGreaterThanOrEqual(0)
          expect(delay).toBeLessThanOrEqual(Math.min(max, 50 * 2 ** Math.min(attempt, 20)))
          expect(Number.isInteger(delay)).toBe(true)
        },
      ),
    )
  })

  test('retryDelayMs() may wait up to 100 ms after the first attempt and doubles that', () => {
    const almost = { next: () => 1 - Number.EPSILON }

    expect([1, 2, 3, 10].map((attempt) => retryDelayMs(attempt, 2_000, almost))).toEqual([100, 200, 400, 2_000])
  })
})

describe('isReadonlyError()', () => {
  test('isReadonlyError() matches the refusal and nothing that mentions it', () => {
    expect(isReadonlyError(new Error("READONLY You can't write against a read only replica."))).toBe(true)
    expect(
      isReadonlyError(new Error('ERR Error running script (call to f_1): @user_script:1: -READONLY You can’t')),
    ).toBe(true)
    for (const message of ['ERR the key READONLY exists', 'READONLYX', 'WRONGTYPE READONLY ', 'readonly ']) {
      expect(isReadonlyError(new Error(message))).toBe(false)
    }
  })
})
