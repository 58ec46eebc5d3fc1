import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTrust } from '../src/trust.ts'

const octet = fc.integer({ min: 0, max: 255 })

describe('createTrust()', () => {
  test('createTrust() trusts exactly the private ranges when none are named', () => {
    const isTrusted = createTrust()
    fc.assert(
      fc.property(octet, octet, octet, octet, fc.boolean(), (a, b, c, d, mapped) => {
        const isPrivate =
          a === 10 ||
          a === 127 ||
          (a === 172 && b >= 16 && b < 32) ||
          (a === 192 && b === 168) ||
          (a === 169 && b === 254)

        expect(isTrusted(`${mapped ? '::ffff:' : ''}${a}.${b}.${c}.${d}`)).toBe(isPrivate)
      }),
    )
  })

  test('createTrust() never trusts text that is no address', () => {
    const isTrusted = createTrust()
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(isIP(text) === 0)

        expect(isTrusted(text)).toBe(false)
      }),
    )
  })
})
