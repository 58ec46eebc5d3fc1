/** Numbers and switches: `int`, `number`, `port`, `bool`, `oneOf`. Decimal digits only, no spaces, signs of plus, exponents or leading zeros. */
import { type GrammarSchema, grammarSchema } from './grammar.ts'

/** Bounds of a number, both inclusive. */
export interface NumberOptions {
  /** @defaultValue the least safe integer */
  readonly min?: number
  /** @defaultValue the greatest safe integer */
  readonly max?: number
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const TRUE = new Set(['true', '1', 'yes', 'on'])
const FALSE = new Set(['false', '0', 'no', 'off'])

/** A whole number in decimal digits. @throws RangeError for bounds that cross or are not whole. */
export function int(options: NumberOptions = {}): GrammarSchema<number> {
  assertBounds('int', options, Number.isSafeInteger)
  return bounded('integer', 'a whole number', INTEGER, options, Number.isSafeInteger)
}

/** A number in decimal digits with an optional fraction, of at most 2^53 - 1 in size. @throws RangeError for bounds that cross. */
export function number(options: NumberOptions = {}): GrammarSchema<number> {
  assertBounds('number', options, Number.isFinite)
  return bounded('number', 'a decimal number', DECIMAL, options, isPreciseNumber)
}

/** A TCP port, 1 to 65535. */
export function port(): GrammarSchema<number> {
  return bounded('port', 'a port', INTEGER, { min: 1, max: 65_535 }, Number.isSafeInteger)
}

/** `true/false`, `1/0`, `yes/no`, `on/off`, in any case; in typed files `true` and `false` only. */
export function bool(): GrammarSchema<boolean> {
  return grammarSchema<boolean>({
    type: 'boolean',
    rule: 'true or false (1/0, yes/no, on/off)',
    fileKinds: ['boolean'],
    example: 'false',
    jsonSchema: { type: 'boolean' },
    parse(text) {
      const lower = text.toLowerCase()
      return TRUE.has(lower) ? true : FALSE.has(lower) ? false : undefined
    },
    accept: (value) => (typeof value === 'boolean' ? value : undefined),
    print: String,
  })
}

/** Exactly one of the given texts, case matters. @throws TypeError for no choice or an empty one. */
export function oneOf<const T extends string>(...choices: readonly [T, ...T[]]): GrammarSchema<T> {
  if (choices.length === 0 || choices.some((choice) => typeof choice !== 'string' || choice === '')) {
    throw new TypeError(`Cannot define oneOf(${JSON.stringify(choices)}): expected at least one non-empty text`)
  }
  const find = (text: unknown): T | undefined => choices.find((choice) => choice === text)
  return grammarSchema<T>({
    type: 'enum',
    rule: `one of ${choices.join(', ')}`,
    allowed: choices,
    fileKinds: ['string'],
    example: choices[0],
    jsonSchema: { type: 'string', enum: [...choices] },
    parse: find,
    accept: find,
    print: (value) => value,
  })
}

function bounded(
  type: string,
  what: string,
  pattern: RegExp,
  { min = -Infinity, max = Infinity }: NumberOptions,
  isExact: (value: number) => boolean,
): GrammarSchema<number> {
  const fit = (value: number): number | undefined =>
    isExact(value) && value >= min && value <= max ? value + 0 || 0 : undefined
  return grammarSchema<number>({
    type,
    rule: what + rangeText(min, max),
    fileKinds: ['number'],
    example: toDecimal(Number.isFinite(min) ? min : Number.isFinite(max) ? max : 0),
    jsonSchema: {
      type: type === 'number' ? 'number' : 'integer',
      ...(Number.isFinite(min) ? { minimum: min } : {}),
      ...(Number.isFinite(max) ? { maximum: max } : {}),
    },
    parse: (text) => (pattern.test(text) ? fit(Number(text)) : undefined),
    accept: (value) => (typeof value === 'number' ? fit(value) : undefined),
    print: toDecimal,
  })
}

function isPreciseNumber(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

function rangeText(min: number, max: number): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return ` from ${min} to ${max}`
  if (Number.isFinite(min)) return ` of at least ${min}`
  return Number.isFinite(max) ? ` of at most ${max}` : ''
}

/** Decimal digits without an exponent, which the grammars refuse. */
function toDecimal(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e')
  if (exponent === undefined) return mantissa
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const shift = Number(exponent)
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`
  return sign + whole + fraction.padEnd(shift, '0')
}

function assertBounds(what: string, { min, max }: NumberOptions, isAllowed: (value: number) => boolean): void {
  for (const bound of [min, max]) {
    if (bound !== undefined && !isAllowed(bound)) {
      throw new RangeError(
        `Cannot define ${what}: bound ${bound}, expected a ${what === 'int' ? 'safe whole' : 'finite'} number`,
      )
    }
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw new RangeError(`Cannot define ${what}: min ${min} is above max ${max}, expected min <= max`)
  }
}
