import { createTestClock } from '@ops/testing'
import { expect, test } from 'vitest'
import { tryParseRetryAfter } from '../src/retry-after.ts'

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['2026-01-01', undefined],
  ['9999999999', undefined],
  [null, undefined],
])('tryParseRetryAfter() makes %o milliseconds of %o', (header, expected) => {
  expect(tryParseRetryAfter(header, createTestClock())).toBe(expected)
})
