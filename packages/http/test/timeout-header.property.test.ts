import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timeoutHeader } from '../src/timeout-header.ts'

describe('timeoutHeader()', () => {
  test.each([undefined, 'grpc-timeout'])('format() never promises more than is left when the header is %s', (name) => {
    const header = timeoutHeader(name)
    fc.assert(
      fc.property(fc.double({ min: 1, max: 2_147_483_647, noNaN: true }), (leftMs) => {
        const read = header.tryParse(header.format(leftMs)) as number

        expect(read).toBeLessThanOrEqual(leftMs)
        expect(read).toBeGreaterThan(leftMs - (leftMs < 100_000_000 ? 1 : 1_000) - 1e-6)
      }),
    )
  })

  test.each([undefined, 'grpc-timeout'])('tryParse() gives a time from 0 or nothing when %s holds any text', (name) => {
    const header = timeoutHeader(name)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,10}[HMSmunx]?$/)), (text) => {
        const read = header.tryParse(text)
        expect(read === undefined || (Number.isFinite(read) && read >= 0)).toBe(true)
      }),
    )
  })

  test.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['4m', 4],
    ['5u', 0.005],
    ['0n', 0],
    ['123456789m', undefined],
    ['-1S', undefined],
    ['1s', undefined],
    ['', undefined],
    [['1S'], undefined],
  ])('tryParse() reads %o of grpc-timeout as %o ms', (text, ms) => {
    expect(timeoutHeader('gRPC-Timeout').tryParse(text)).toBe(ms)
  })

  test('timeoutHeader() throws when given what no header is called', () => {
    expect(() => timeoutHeader('a b')).toThrow('Cannot use "a b" as timeoutHeader')
  })
})
