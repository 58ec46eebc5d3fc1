import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeKeyPart, leaseKey, shardKeys, tagKey, valueKey } from '../src/tenant-key.ts'

/** Any UTF-16, what keys are made of, and 10 KB. */
const text = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom(
      ':',
      '{',
      '}',
      '%',
      '*',
      '?',
      '[',
      ']',
      '\\',
      '#',
      '!',
      '\0',
      'u',
      '2',
      '5',
      'D',
      '8',
      '0',
      'v',
      '1',
      'a',
      '\ud800',
      '\udc00',
    ),
    maxLength: 8,
  }),
  fc.constant('x'.repeat(10_240)),
)
const part = fc.record({
  tenant: fc.option(
    text.filter((tenant) => tenant !== ''),
    { nil: undefined },
  ),
  name: text.filter((name) => name !== ''),
  schema: fc.integer({ min: 1, max: 12 }),
  id: text,
})
/** What Redis sees: UTF-8 bytes, in which lone surrogates would all look the same. */
const bytes = (key: string): string => Buffer.from(key).toString('latin1')
const keyOf = ({
  tenant,
  name,
  schema,
  id,
}: {
  tenant: string | undefined
  name: string
  schema: number
  id: string
}) => valueKey(shardKeys('app', tenant, 0), name, schema, id)

describe('tenant keys', () => {
  test('valueKey() is injective over tenant, name, schema and id', () => {
    fc.assert(
      fc.property(part, part, (a, b) => {
        const same = a.tenant === b.tenant && a.name === b.name && a.schema === b.schema && a.id === b.id
        expect(bytes(keyOf(a)) === bytes(keyOf(b))).toBe(same)
      }),
      { numRuns: 2_000 },
    )
  })

  test('encodeKeyPart() is injective and leaves nothing that separates, globs or cannot be sent', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(bytes(encodeKeyPart(a)) === bytes(encodeKeyPart(b))).toBe(a === b)
        expect(encodeKeyPart(a)).not.toMatch(/[:{}*?[\]\\#!\p{Cc}\p{Surrogate}]/u)
      }),
      { numRuns: 2_000 },
    )
  })

  test('the keys of a shard share one slot, and none of them is another kind of key', () => {
    fc.assert(
      fc.property(part, text, fc.integer({ min: 0, max: 63 }), (a, tag, shard) => {
        const keys = shardKeys('app', a.tenant, shard)
        const value = valueKey(keys, a.name, a.schema, a.id)
        const all = [value, leaseKey(keys, value), keys.generation, keys.tagMark, tagKey(keys, tag)]

        expect(new Set(all.map((key) => /^\{([^}]+)\}/.exec(key)?.[1]))).toEqual(new Set([keys.prefix.slice(1, -1)]))
        expect(new Set(all).size).toBe(all.length)
      }),
    )
  })
})
