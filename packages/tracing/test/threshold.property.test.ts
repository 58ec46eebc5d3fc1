import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALWAYS, NEVER, randomnessOf, thresholdOf, widest } from '../src/threshold.ts'
import { weightOf } from './support/weight.ts'

const ratio = fc.double({ min: 2 ** -50, max: 1, noNaN: true })
const traceId = fc.stringMatching(/^[0-9a-f]{32}$/)

test('thresholdOf() lets in a subset of what a larger ratio lets in', () => {
  fc.assert(
    fc.property(ratio, ratio, traceId, (a, b, id) => {
      const [small, large] = a < b ? [a, b] : [b, a]

      const inSmall = randomnessOf(id) >= thresholdOf(small)
      const inLarge = randomnessOf(id) >= thresholdOf(large)

      expect(!inSmall || inLarge).toBe(true)
      expect(widest(thresholdOf(a), thresholdOf(b))).toBe(thresholdOf(large))
    }),
  )
})

test('thresholdOf() says how many traces a kept one stands for', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), (r) => {
      expect(weightOf(`ot=th:${thresholdOf(r)}`) * r).toBeCloseTo(1, 6)
    }),
  )
})

test('thresholdOf() lets all in at 1 and none at 0', () => {
  expect(thresholdOf(1)).toBe(ALWAYS)
  expect(thresholdOf(0)).toBe(NEVER)
  expect(thresholdOf(1e-20)).toBe(NEVER)
  expect('f'.repeat(14) >= NEVER).toBe(false)
  expect('0'.repeat(14) >= ALWAYS).toBe(true)
  expect(thresholdOf(0.1)).toMatch(/^e6666666666/)
})
