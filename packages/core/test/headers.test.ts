import {
  formatTraceparent,
  type TraceParent,
  tryParseRequestId,
  tryParseTraceId,
  tryParseTraceparent,
  tryParseTracestate,
} from '@ops/core'
import { describe, expect, test } from 'vitest'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const VALID = `00-${TRACE}-${SPAN}-01`

describe('tryParseTraceparent()', () => {
  test('tryParseTraceparent() returns the ids and flags when the header is valid', () => {
    const parent = tryParseTraceparent(VALID)

    expect(parent).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 })
    expect(formatTraceparent(parent as TraceParent)).toBe(VALID)
  })

  test.each([
    ['a later version', `01-${TRACE}-${SPAN}-01`],
    ['a later version with more fields', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`],
  ])('tryParseTraceparent() reads the known fields when the header is of %s', (_what, header) => {
    expect(tryParseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 })
  })

  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['sent twice', [VALID, VALID]],
    ['of the forbidden version ff', `ff-${TRACE}-${SPAN}-01`],
    ['of version 00 with more fields', `${VALID}-more`],
    ['a later version whose rest does not start with a dash', `01-${TRACE}-${SPAN}-01.more`],
    ['in upper case', VALID.toUpperCase()],
    ['with an all-zero trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['with an all-zero span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['with a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['with flags that are not hex', `00-${TRACE}-${SPAN}-0g`],
    ['with a line break behind it', `${VALID}\n`],
    ['with a space before it', ` ${VALID}`],
    ['longer than 512 characters', `01-${TRACE}-${SPAN}-01-${'x'.repeat(512)}`],
  ])('tryParseTraceparent() returns undefined when the header is %s', (_what, header) => {
    expect(tryParseTraceparent(header)).toBeUndefined()
  })
})

describe('formatTraceparent()', () => {
  test('formatTraceparent() keeps the eight bits of the flags when more are set', () => {
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, traceFlags: 0x1f3 })).toBe(`00-${TRACE}-${SPAN}-f3`)
  })
})

describe('tryParseTracestate()', () => {
  test.each([
    ['one member', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
    ['white space and empty members', ' a=1 ,\t,b=2,', 'a=1,b=2'],
    ['a multi-tenant key', 'fw529a3039@dt=FfFf;e1', 'fw529a3039@dt=FfFf;e1'],
    ['a value with spaces inside', 'a=one two', 'a=one two'],
    ['32 members', memberList(32), memberList(32)],
  ])('tryParseTracestate() returns the canonical list when it has %s', (_what, header, canonical) => {
    expect(tryParseTracestate(header)).toBe(canonical)
  })

  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['only separators', ' , ,'],
    ['a list with a key twice', 'a=1,b=2,a=3'],
    ['a list of 33 members', memberList(33)],
    ['longer than 512 characters', `a=${'x'.repeat(511)}`],
    ['a member without a value', 'a='],
    ['a member without a key', '=1'],
    ['a member without an equals sign', 'a'],
    ['a key in upper case', 'A=1'],
    ['a value with an equals sign', 'a=1=2'],
    ['a value beyond ASCII', 'a=\u00e9'],
    ['padded with what is not a blank or a tab', '\u00a0a=1'],
    ['one good and one bad member', 'a=1,B=2'],
  ])('tryParseTracestate() returns undefined when the header is %s', (_what, header) => {
    expect(tryParseTracestate(header)).toBeUndefined()
  })
})

describe('tryParseTraceId()', () => {
  test('tryParseTraceId() returns the id when it is 32 lower-case hex digits', () => {
    expect(tryParseTraceId(TRACE)).toBe(TRACE)
  })

  test.each([undefined, '', [TRACE], TRACE.toUpperCase(), TRACE.slice(1), `${TRACE}0`, `${TRACE}\n`, '0'.repeat(32)])(
    'tryParseTraceId() returns undefined when the header is %j',
    (header) => {
      expect(tryParseTraceId(header)).toBeUndefined()
    },
  )
})

describe('tryParseRequestId()', () => {
  test.each(['a', 'A-1._z', 'x'.repeat(128)])('tryParseRequestId() returns the id when it is %j', (header) => {
    expect(tryParseRequestId(header)).toBe(header)
  })

  test.each([undefined, '', ['a'], 'a b', 'a\n', '"', 'é', '../', 'x'.repeat(129)])(
    'tryParseRequestId() returns undefined when the header is %j',
    (header) => {
      expect(tryParseRequestId(header)).toBeUndefined()
    },
  )
})

function memberList(length: number): string {
  return Array.from({ length }, (_, at) => `k${at}=v`).join(',')
}
