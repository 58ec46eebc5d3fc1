import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeStatement, OPERATIONS } from '../src/index.ts'

/** Hidden in every literal; nothing else in a statement contains it. */
const SECRET = 'zqxj'

const noise = fc.string({ unit: 'binary', maxLength: 12 })
const secret = fc.tuple(noise, noise).map(([before, after]) => `${before}${SECRET}${after}`)
const dollarTag = fc.constantFrom('$$', '$tag$', '$_1$')
/** Ends in white space, as a dash or slash before it would otherwise start a comment with what follows. */
const literal = fc.oneof(
  secret.map((text) => `'${text.replaceAll('\\', '').replaceAll("'", "''")}'`),
  secret.map((text) => `'${text.replaceAll("'", "''")}'`),
  secret.map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  secret.map((text) => `e'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
  fc.tuple(dollarTag, secret).map(([tag, text]) => `${tag}${text.replaceAll('$', '')}${tag}`),
  fc.nat().map((number) => `${number}${SECRET}`),
  fc.constantFrom(`0x${SECRET}`, `1e+5${SECRET}`, `.5${SECRET}`),
)
const comment = secret.map((text) => `/*${text.replaceAll('*', '').replaceAll('/', '')}*/`)
const lineComment = secret.map((text) => `--${text.replaceAll(/[\r\n]/g, '')}\n`)
const code = fc.constantFrom(
  'select',
  'where',
  'a',
  't1',
  '"My Col"',
  '$1',
  '(',
  ')',
  ',',
  '=',
  '::',
  '->>',
  ';',
  '\n',
  'with',
)
const piece = fc.oneof({ weight: 3, arbitrary: code }, { weight: 2, arbitrary: literal }, comment, lineComment)
const statement = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(' '))

/** One mebibyte of what would make a backtracking or rescanning lexer quadratic. */
const ADVERSARIAL: [string, string][] = [
  ['quotes', "'"],
  ['escaped quotes', "E'\\'"],
  ['backslashes', "E'\\\\"],
  ['dollars', '$'],
  ['dollar tags that never close', '$a'],
  ['comment openings', '/*'],
  ['dashes', '-'],
  ['double quotes', '"'],
  ['digits', '1'],
  ['exponents', '1e+'],
  ['letters', 'a'],
  ['parentheses', '('],
  ['literals in a list', '1,'],
  ['white space', ' \n'],
  ['common table expressions', 'with a as (select 1) '],
]

describe('describeStatement()', () => {
  test('never shows a literal or a comment, whatever the statement', () => {
    fc.assert(
      fc.property(statement, (text) => {
        expect(describeStatement(text).shape).not.toContain(SECRET)
      }),
      { numRuns: 2000 },
    )
  })

  test('answers any text with a known operation and a shape without quotes or loose numbers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { operation, shape } = describeStatement(text)

        expect(OPERATIONS).toContain(operation)
        expect(shape).not.toContain("'")
        expect(shape.replaceAll(/"[^"]*"/g, '')).not.toMatch(/(?<![\w$\u0080-\uffff])\d/)
      }),
      { numRuns: 2000 },
    )
  })

  test('gives the shape of a shape as that shape', () => {
    fc.assert(
      fc.property(statement, (text) => {
        const { shape } = describeStatement(text)
        expect(describeStatement(shape).shape).toBe(shape)
      }),
    )
  })

  test.each(ADVERSARIAL)('answers a mebibyte of %s in one pass', (_name, unit) => {
    const text = `select ${unit.repeat(Math.ceil(2 ** 20 / unit.length))}`

    const { operation, shape } = describeStatement(text)

    expect(operation).toBe('select')
    expect(shape.length).toBeLessThanOrEqual(2048)
  })

  test('answers when the text is longer than a mebibyte', () => {
    const { operation, shape } = describeStatement(`insert into t values ('${'x'.repeat(3 * 2 ** 20)}')`)

    expect({ operation, shape }).toEqual({ operation: 'insert', shape: 'insert into t values (?' })
  })
})
