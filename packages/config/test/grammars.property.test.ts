import { bool, bytes, duration, type GrammarSchema, int, list, number, oneOf, port, printValue, url } from '@ops/config'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDotenv } from '../src/dotenv.ts'
import { isOneSlip } from '../src/near-miss.ts'

const word = fc.stringMatching(/^[a-z]{1,8}$/)
const urls = fc
  .tuple(fc.constantFrom('https', 'http'), fc.domain(), fc.webPath())
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`)
const safe = fc.maxSafeInteger().map((value) => value || 0)
const decimal = fc
  .double({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, noNaN: true })
  .map((value) => value || 0)
const whole = fc.maxSafeNat()
const time = fc.maxSafeNat().map((value) => value % 3_153_600_000_001)

const grammars: readonly { name: string; schema: GrammarSchema<never>; values: fc.Arbitrary<unknown> }[] = [
  { name: 'bool', schema: bool() as never, values: fc.boolean() },
  { name: 'int', schema: int() as never, values: safe },
  { name: 'number', schema: number() as never, values: decimal },
  { name: 'port', schema: port() as never, values: fc.integer({ min: 1, max: 65_535 }) },
  { name: 'duration', schema: duration() as never, values: time },
  { name: 'bytes', schema: bytes() as never, values: whole },
  { name: 'url', schema: url() as never, values: urls },
  { name: 'oneOf', schema: oneOf('a', 'b', 'c') as never, values: fc.constantFrom('a', 'b', 'c') },
  { name: 'list of text', schema: list() as never, values: fc.array(word, { minLength: 1, maxLength: 20 }) },
  {
    name: 'list of durations',
    schema: list({ item: duration() }) as never,
    values: fc.array(time, { minLength: 1, maxLength: 20 }),
  },
]

describe('printValue()', () => {
  test.each(grammars)('printValue() gives text that $name parses back to an equal value', ({ schema, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        const text = printValue(schema, value)

        expect(schema.parse(text)).toEqual(value)
        expect(printValue(schema, schema.parse(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test.each(grammars)(
    '$name never throws, and takes no text with a space before it unless it is a list',
    ({ name, schema }) => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), (text) => {
          const isTaken = schema.safeParse(` ${text}`).success

          expect(isTaken && !name.startsWith('list')).toBe(false)
        }),
      )
    },
  )
})

describe('parseDotenv()', () => {
  test('parseDotenv() reads back any text that is written in double quotes', () => {
    const texts = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\r') && !text.includes('\uFEFF'))
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), (values) => {
        const source = values
          .map((text, index) => `K${index}="${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
          .join('\n')
        const { values: parsed, problems } = parseDotenv(source)

        expect(problems).toEqual([])
        expect([...parsed.values()].map(({ text }) => text)).toEqual(values)
      }),
    )
  })

  test('parseDotenv() ends and never throws when the source is anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (source) => {
        expect(() => parseDotenv(source)).not.toThrow()
      }),
    )
  })
})

describe('isOneSlip()', () => {
  const name = fc.stringMatching(/^[A-Z][A-Z_]{5,20}$/)

  test('isOneSlip() sees any single dropped or swapped letter, and is symmetric', () => {
    fc.assert(
      fc.property(name, fc.nat(), (declared, at) => {
        const index = at % (declared.length - 1)
        const dropped = declared.slice(0, index) + declared.slice(index + 1)
        const swapped = declared.slice(0, index) + declared[index + 1] + declared[index] + declared.slice(index + 2)

        expect(isOneSlip(dropped, declared)).toBe(true)
        expect(isOneSlip(declared, dropped)).toBe(true)
        expect(isOneSlip(swapped, declared)).toBe(true)
      }),
    )
  })
})
