import {
  createSpanId,
  createTraceId,
  formatTraceparent,
  type TraceParent,
  tryParseRequestId,
  tryParseTraceId,
  tryParseTraceparent,
  tryParseTracestate,
} from '@ops/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((id) => !/^0+$/.test(id))

const parents: fc.Arbitrary<TraceParent> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.integer({ min: 0, max: 255 }),
})

/** Text near the grammars: their own alphabet, and the characters that injection uses. */
const nearHeaders = fc.oneof(
  fc.string(),
  fc
    .array(fc.constantFrom(...'0123456789abcdefF-_=,;@*/ \t\r\n%"\u00e9\u0000'), { maxLength: 80 })
    .map((c) => c.join('')),
  fc.anything(),
)

const keys = fc.stringMatching(/^(?:[a-z][a-z0-9_\-*/]{0,20}|[a-z0-9][a-z0-9_\-*/]{0,10}@[a-z][a-z0-9_\-*/]{0,13})$/)
const values = fc.stringMatching(/^[!-+\--<>-~]{1,20}$/)
const members = fc.uniqueArray(fc.tuple(keys, values), { minLength: 1, maxLength: 10, selector: ([key]) => key })

test('tryParseTraceparent() returns what formatTraceparent() was given when the ids are valid', () => {
  fc.assert(
    fc.property(parents, (parent) => {
      expect(tryParseTraceparent(formatTraceparent(parent))).toEqual(parent)
    }),
  )
})

test('tryParseTraceparent() ignores the header when one character of a valid one is replaced by a foreign one', () => {
  fc.assert(
    fc.property(parents, fc.nat(54), fc.constantFrom(...'gG Z\n=\u00e9'), (parent, at, foreign) => {
      const header = formatTraceparent(parent)

      expect(tryParseTraceparent(header.slice(0, at) + foreign + header.slice(at + 1))).toBeUndefined()
    }),
  )
})

test('tryParseTraceparent() never throws and returns only canonical ids when given anything', () => {
  fc.assert(
    fc.property(nearHeaders, (header) => {
      const parent = tryParseTraceparent(header)

      if (parent !== undefined) expect(tryParseTraceparent(formatTraceparent(parent))).toEqual(parent)
    }),
  )
})

test('tryParseTracestate() returns the list when every member follows the grammar', () => {
  fc.assert(
    fc.property(members, fc.constantFrom(',', ' , ', ',,', '\t,'), (pairs, separator) => {
      const list = pairs.map(([key, value]) => `${key}=${value}`)
      fc.pre(list.join(separator).length <= 512)

      expect(tryParseTracestate(list.join(separator))).toBe(list.join(','))
    }),
  )
})

test('tryParseTracestate() returns printable text that it accepts unchanged when given anything', () => {
  fc.assert(
    fc.property(nearHeaders, (header) => {
      const state = tryParseTracestate(header)

      if (state !== undefined) {
        expect(state).toMatch(/^[\x20-\x7e]+$/)
        expect(tryParseTracestate(state)).toBe(state)
      }
    }),
  )
})

test('tryParseTraceId() and tryParseRequestId() return the input itself or nothing when given anything', () => {
  fc.assert(
    fc.property(nearHeaders, (header) => {
      expect([header, undefined]).toContain(tryParseTraceId(header))
      expect([header, undefined]).toContain(tryParseRequestId(header))
    }),
  )
})

test('formatTraceparent() writes a header that is accepted when the ids were made here', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (traceFlags) => {
      const parent = { traceId: createTraceId(), spanId: createSpanId(), traceFlags }

      expect(tryParseTraceparent(formatTraceparent(parent))).toEqual(parent)
    }),
  )
})
