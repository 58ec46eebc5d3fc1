import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTestRandom } from '../src/index.ts'

const take = (seed: number, count: number): number[] => {
  const random = createTestRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('createTestRandom()', () => {
  test('next() repeats the sequence when the seed is the same, and stays in [0, 1)', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const values = take(seed, 20)
        expect(take(seed, 20)).toEqual(values)
        expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
      }),
    )
  })

  test('next() spreads evenly', () => {
    const tenths = new Array<number>(10).fill(0)
    for (const value of take(7, 10_000)) tenths[Math.floor(value * 10)]!++

    expect(Math.min(...tenths)).toBeGreaterThan(880)
    expect(Math.max(...tenths)).toBeLessThan(1120)
  })

  test('next() differs when the seed differs', () => {
    expect(take(1, 5)).not.toEqual(take(2, 5))
  })

  test.each([-1, 1.5, 2 ** 32])('createTestRandom() throws RangeError when the seed is %d', (seed) => {
    expect(() => createTestRandom(seed)).toThrow(RangeError)
  })
})
