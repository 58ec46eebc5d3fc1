import { createSpanId, createTraceId } from '@ops/core'
import { expect, test } from 'vitest'

const MANY = 20_000

test('createTraceId() returns 32 lower-case hex digits, never the same twice, when called often', () => {
  const ids = Array.from({ length: MANY }, createTraceId)

  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(MANY)
})

test('createSpanId() returns 16 lower-case hex digits, never the same twice, when called often', () => {
  const ids = Array.from({ length: MANY }, createSpanId)

  expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(MANY)
})

test('createTraceId() spreads every digit evenly when called often', () => {
  const digits = Array.from({ length: MANY }, createTraceId).join('')
  const counts = new Map<string, number>()
  for (const digit of digits) counts.set(digit, (counts.get(digit) ?? 0) + 1)

  const expected = digits.length / 16
  // Standard deviation is 194 here; ten of them never happen by chance, a biased digit is far beyond.
  for (const digit of '0123456789abcdef') expect(Math.abs((counts.get(digit) ?? 0) - expected)).toBeLessThan(1940)
})

test('createTraceId() shares no block of digits when ids of both kinds are drawn in turn', () => {
  const ids = Array.from({ length: 4096 }, () => [createTraceId(), createSpanId()]).flat()
  const halves = ids.flatMap((id) => (id.length === 32 ? [id.slice(0, 16), id.slice(16)] : [id]))

  expect(new Set(halves).size).toBe(halves.length)
})
