import { type Duration, parseDuration, tryParseDuration } from '@ops/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test.each([
  [0, 0],
  [250, 250],
  ['0s', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['1.5s', 1500],
  ['1.005s', 1005],
  ['1m1m', 120_000],
])('tryParseDuration() reads %j as milliseconds when it is a duration', (duration, ms) => {
  expect(tryParseDuration(duration)).toBe(ms)
})

test.each([
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  '30',
  '-30s',
  '30 s',
  ' 30s',
  '30S',
  '1e3s',
  '.5s',
  '1.s',
  '30s\n',
  `${'1s'.repeat(33)}`,
  null,
  undefined,
  {},
  10n,
])('tryParseDuration() returns undefined when it is given %s', (duration) => {
  expect(tryParseDuration(duration)).toBeUndefined()
})

test('parseDuration() throws a TypeError that names the option, the value and the rule when it is not a duration', () => {
  expect(() => parseDuration('soon', 'timeout')).toThrow(
    new TypeError("Cannot use timeout 'soon': expected milliseconds >= 0 or text such as '30s' or '1h30m'"),
  )
})

test.each([
  [Number.NaN, 'NaN'],
  [10n, '10n'],
  [Object.create(null), '[Object: null prototype] {}'],
])('parseDuration() shows what it was given when that is %s', (given, shown) => {
  expect(() => parseDuration(given as Duration, 'timeout')).toThrow(`Cannot use timeout ${shown}: `)
})

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

test('parseDuration() returns the milliseconds that were written when they are written in whole units', () => {
  const parts = fc.array(fc.tuple(fc.nat(999), fc.constantFrom(...Object.entries(UNITS))), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(parts, (amounts) => {
      const text = amounts.map(([amount, [unit]]) => `${amount}${unit}`).join('')

      expect(parseDuration(text, 'x')).toBe(amounts.reduce((sum, [amount, [, ms]]) => sum + amount * ms, 0))
    }),
  )
})

test('parseDuration() returns whole milliseconds when seconds are written with three decimals', () => {
  fc.assert(
    fc.property(fc.nat(100_000_000), (ms) => {
      expect(parseDuration(`${(ms / 1000).toFixed(3)}s`, 'x')).toBe(ms)
    }),
  )
})

test('tryParseDuration() never throws and returns a finite number >= 0 or nothing when given anything', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.stringMatching(/^[0-9.dhms]{0,70}$/)), (given) => {
      const ms = tryParseDuration(given)

      if (ms !== undefined) expect(Number.isFinite(ms) && ms >= 0).toBe(true)
    }),
  )
})
