import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, decodeValue, encodeValue, expand, FORMAT, isCompressed } from '../src/codec.ts'
import { packTail, tryParseEntry } from '../src/entry.ts'

const utf16 = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  maxLength: 6,
})
const leaf = fc.oneof(
  fc.constantFrom(undefined, null, true, false, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, Number.MIN_VALUE),
  fc.double(),
  fc.integer(),
  utf16,
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 5 }),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(utf16, fc.constantFrom('__proto__', 'toJSON', 'constructor', '0', 'a')), tie('value'), {
      maxKeys: 5,
    }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
}))

/** Dictionaries of fast-check may have no prototype, which no codec keeps: objects are compared by content. */
const plain = (one: unknown): unknown => {
  if (
    typeof one !== 'object' ||
    one === null ||
    Buffer.isBuffer(one) ||
    one instanceof Date ||
    one instanceof Uint8Array
  )
    return one
  if (Array.isArray(one)) return one.map(plain)
  if (one instanceof Map) return new Map([...one].map(([key, each]) => [plain(key), plain(each)]))
  if (one instanceof Set) return new Set([...one].map(plain))
  return Object.entries(one).map(([key, each]) => [key, plain(each)])
}
const roundTrip = (given: unknown): unknown => decodeValue(encodeValue(given))

describe('encodeValue()', () => {
  test('encodeValue() gives any structured value back', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(plain(roundTrip(given))).toStrictEqual(plain(given))
      }),
      { numRuns: 3_000 },
    )
  })

  test('encodeValue() keeps cycles', () => {
    const cycle: { self?: unknown; at: Date } = { at: new Date(0) }
    cycle.self = cycle

    const back = roundTrip(cycle) as typeof cycle

    expect(back.self).toBe(back)
  })

  test('encodeValue() takes JSON for JSON, MessagePack for dates and sets, and V8 for the rest', () => {
    expect(encodeValue({ a: [1, 'x', null] }).format).toBe(FORMAT.json)
    expect(encodeValue({ at: new Date(), tags: new Set(['a']), none: undefined }).format).toBe(FORMAT.msgpack)
    expect(encodeValue({ n: 2n ** 80n }).format).toBe(FORMAT.v8)
  })

  test('encodeValue() throws for what no cache can carry', () => {
    expect(() => encodeValue({ f: () => {} })).toThrow()
    expect(() => encodeValue(Symbol('x'))).toThrow()
  })

  test('compress() and expand() are each other’s inverse, and expand() is bounded', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 0, maxLength: 5_000 }), async (given) => {
        const encoded = encodeValue(`${given}${'abc'.repeat(3_000)}`)
        const small = await compress(encoded, 4_096)

        expect(isCompressed(small)).toBe(true)
        expect(small.payload.length).toBeLessThan(encoded.payload.length)
        expect(await expand(small, encoded.payload.length)).toEqual(encoded)
        await expect(expand(small, 4_096)).rejects.toThrow()
      }),
      { numRuns: 20 },
    )
  })
})

describe('tryParseEntry()', () => {
  const head = (tags: number) => {
    const written = Buffer.alloc(8)
    written.writeDoubleBE(1_234.5)
    return Buffer.concat([
      Buffer.from([1, tags]),
      Buffer.from('t'.repeat(16)),
      written,
      Buffer.from('g'.repeat(16)),
      Buffer.from('m'.repeat(tags === 0 ? 0 : 16 * (tags + 1))),
    ])
  }

  test('tryParseEntry() reads what packTail() wrote, for that key only', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(utf16, { maxLength: 5 }), fc.uint8Array(), (key, tags, payload) => {
        const encoded = { format: FORMAT.json, payload: Buffer.from(payload) }
        const bytes = Buffer.concat([head(tags.length), packTail({ encoded, freshMs: 5, loadMs: 7, key, tags })])

        expect(tryParseEntry(bytes, key)).toMatchObject({ writtenAt: 1_234.5, freshMs: 5, loadMs: 7, tags, encoded })
        expect(tryParseEntry(bytes, `${key}x`)).toBeUndefined()
      }),
    )
  })

  test('tryParseEntry() never throws on damaged bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (noise, cut) => {
        const encoded = { format: 0, payload: Buffer.from('{}') }
        const whole = Buffer.concat([head(2), packTail({ encoded, freshMs: 1, loadMs: 1, key: 'k', tags: ['a', 'b'] })])

        expect(() => tryParseEntry(Buffer.from(noise), 'k')).not.toThrow()
        expect(() => tryParseEntry(whole.subarray(0, cut), 'k')).not.toThrow()
        expect(() => tryParseEntry(Buffer.concat([Buffer.from([1]), noise]), 'k')).not.toThrow()
      }),
      { numRuns: 1_000 },
    )
  })
})
