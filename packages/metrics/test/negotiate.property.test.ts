import { negotiateFormat, seconds } from '@ops/metrics'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acceptsGzip } from '../src/negotiate.ts'
import { canonicalNumber } from '../src/number-text.ts'

describe('negotiateFormat()', () => {
  test.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=0.0.1', 'text'],
    ['application/openmetrics-text;version=1.0.0;q=0.3, text/plain;q=0.5', 'text'],
    ['application/openmetrics-text;version=1.0.0;q=0', 'text'],
    ['text/html', 'text'],
    // What Prometheus 2.42 and 3.0 send.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.4,*/*;q=0.2',
      'openmetrics',
    ],
  ])('reads %s as %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format)
  })

  test('never throws, whatever the header', () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        expect(['text', 'openmetrics']).toContain(negotiateFormat(accept))
        expect(typeof acceptsGzip(accept)).toBe('boolean')
      }),
    )
  })
})

describe('acceptsGzip()', () => {
  test.each([
    [undefined, false],
    ['gzip', true],
    ['deflate, GZIP;q=0.5', true],
    ['gzip;q=0', false],
    ['*', true],
    ['identity', false],
  ])('reads %s as %s', (encoding, expected) => {
    expect(acceptsGzip(encoding)).toBe(expected)
  })
})

describe('canonicalNumber()', () => {
  test('gives every number one text that reads back the same and is no integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = canonicalNumber(value)
        expect(Number(text) === value).toBe(true)
        expect(/^-?\d+$/.test(text)).toBe(false)
      }),
    )
  })
})

describe('seconds()', () => {
  test('gives bounds that rise and refuses others', () => {
    expect(seconds(0.5, 1, 2)).toEqual([0.5, 1, 2])
    expect(() => seconds(0.5, 0.5)).toThrow(/bucket 0.5: expected a finite number of seconds above 0.5/)
    expect(() => seconds(0)).toThrow(RangeError)
    expect(() => seconds(1, Number.POSITIVE_INFINITY)).toThrow(RangeError)
  })
})
