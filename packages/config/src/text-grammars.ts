/** Values with a shape in text: `duration`, `bytes`, `url`, `list`. */
import { type Duration, parseDuration, tryParseDuration } from '@ops/core'
import { type Grammar, type GrammarSchema, grammarSchema, schemaShape } from './grammar.ts'

/** Bounds of a duration, both inclusive. */
export interface DurationOptions {
  /** @defaultValue 0 */
  readonly min?: Duration
  /** @defaultValue 100 years */
  readonly max?: Duration
}

const CENTURY_MS = 100 * 365 * 86_400_000
const SIZE = /^(\d+(?:\.\d+)?)(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}
const TIMES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** A length of time with units (`30s`, `1h30m`), as milliseconds. @throws TypeError for bounds that are no duration, RangeError when they cross. */
export function duration(options: DurationOptions = {}): GrammarSchema<number> {
  const min = parseDuration(options.min ?? 0, 'the min of duration()')
  const max = options.max === undefined ? CENTURY_MS : parseDuration(options.max, 'the max of duration()')
  if (min > max)
    throw new RangeError(`Cannot define duration: min ${min} ms is above max ${max} ms, expected min <= max`)
  const fit = (ms: number | undefined): number | undefined =>
    ms !== undefined && Number.isInteger(ms) && ms >= min && ms <= max ? ms : undefined
  const upTo = options.max === undefined ? '' : ` and at most ${printDuration(max)}`
  const range = min > 0 ? `, at least ${printDuration(min)}${upTo}` : upTo.replace(' and', ',')
  return grammarSchema<number>({
    type: 'duration',
    unit: 'milliseconds',
    rule: `a duration with units such as 30s or 1h30m${range}`,
    fileKinds: ['string'],
    example: printDuration(Math.max(min, Math.min(max, 30_000))),
    jsonSchema: { type: 'string', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$' },
    parse: (text) => fit(tryParseDuration(text)),
    accept: (value) => (typeof value === 'number' ? fit(value) : undefined),
    print: printDuration,
  })
}

function printDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, size] of TIMES) {
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0ms' : text
}

/** An amount of data with its unit (`10MiB` is 2^20, `10MB` is 10^6), as bytes. */
export function bytes(options: { readonly min?: number; readonly max?: number } = {}): GrammarSchema<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options
  if (!(min >= 0 && min <= max))
    throw new RangeError(`Cannot define bytes: min ${min}, max ${max}, expected 0 <= min <= max`)
  const fit = (value: number): number | undefined =>
    Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
  return grammarSchema<number>({
    type: 'bytes',
    unit: 'bytes',
    rule: `an amount of data with its unit such as 10MiB or 10MB${options.min === undefined ? '' : `, at least ${printBytes(min)}`}${options.max === undefined ? '' : `, at most ${printBytes(max)}`}`,
    fileKinds: ['string'],
    example: printBytes(Math.max(min, Math.min(max, 10 * 2 ** 20))),
    jsonSchema: { type: 'string', pattern: SIZE.source },
    parse(text) {
      const [, amount, unit] = SIZE.exec(text) ?? []
      return amount === undefined ? undefined : fit(Number(amount) * (SIZES[unit as string] as number))
    },
    accept: (value) => (typeof value === 'number' ? fit(value) : undefined),
    print: printBytes,
  })
}

function printBytes(value: number): string {
  if (value === 0) return '0B'
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'kB']) {
    const size = SIZES[unit] as number
    if (value % size === 0) return `${value / size}${unit}`
  }
  return `${value}B`
}

/** An absolute URL with a host and one of the protocols; the text is kept as given. @throws TypeError for a protocol without its colon. */
export function url(options: { readonly protocols?: readonly string[] } = {}): GrammarSchema<string> {
  const { protocols = ['https:', 'http:'] } = options
  const wrong = protocols.find((protocol) => !/^[a-z][a-z0-9+.-]*:$/.test(protocol))
  if (wrong !== undefined || protocols.length === 0) {
    throw new TypeError(
      `Cannot define url: protocol ${JSON.stringify(wrong)}, expected names with a colon such as 'https:'`,
    )
  }
  const fit = (text: unknown): string | undefined => (isUrl(text, protocols) ? text : undefined)
  return grammarSchema<string>({
    type: 'url',
    rule: `a URL ${protocols.map((protocol) => `${protocol}//host`).join(' or ')}`,
    fileKinds: ['string'],
    example: `${protocols[0]}//example.invalid`,
    jsonSchema: { type: 'string', format: 'uri' },
    parse: fit,
    accept: fit,
    print: (value) => value,
  })
}

function isUrl(text: unknown, protocols: readonly string[]): text is string {
  // The URL parser strips spaces and control characters, and takes `localhost:80` for a protocol.
  if (typeof text !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^\s\p{Cc}]+$/iu.test(text)) return false
  if (!URL.canParse(text)) return false
  const parsed = new URL(text)
  return protocols.includes(parsed.protocol) && parsed.hostname !== ''
}

/** What a list holds and how its text is split. */
export interface ListOptions<T> {
  /** Text between items, one character or more. @defaultValue ',' */
  readonly separator?: string
  /** Schema of an item: one of this package's grammars. @defaultValue any non-empty text */
  readonly item?: GrammarSchema<T>
  /** Least number of items. @defaultValue 1 */
  readonly min?: number
  /** Greatest number of items. @defaultValue 1000 */
  readonly max?: number
}

const TEXT: Grammar<string> = {
  type: 'text',
  rule: 'text',
  fileKinds: ['string'],
  example: 'a',
  jsonSchema: { type: 'string' },
  parse: (text) => (text === '' ? undefined : text),
  accept: () => undefined,
  print: (value) => value,
}

/** Items between separators, spaces around them dropped, none empty; in typed files an array. @throws TypeError for an item that is none of this package's grammars. */
export function list<T = string>(options: ListOptions<T> = {}): GrammarSchema<readonly T[]> {
  const { separator = ',', min = 1, max = 1000 } = options
  if (separator === '') throw new TypeError('Cannot define list: separator is empty, expected text')
  const item = (options.item === undefined ? TEXT : schemaShape(options.item).grammar) as Grammar<T> | undefined
  if (item === undefined)
    throw new TypeError('Cannot define list: item is no grammar, expected int(), url(), oneOf(…) or the like')
  const all = (items: readonly unknown[]): readonly T[] | undefined => {
    if (items.length < min || items.length > max) return undefined
    const parsed = items.map((each) => (typeof each === 'string' ? item.parse(each) : item.accept(each)))
    return parsed.includes(undefined) ? undefined : (parsed as T[])
  }
  const hasKind = (value: unknown): boolean => (item.fileKinds as readonly string[]).includes(typeof value)
  return grammarSchema<readonly T[]>({
    type: `list of ${item.type}`,
    ...(item.unit === undefined ? {} : { unit: item.unit }),
    rule: `${min} to ${max} items separated by ${JSON.stringify(separator)}, each ${item.rule}`,
    fileKinds: ['array'],
    example: Array.from({ length: Math.max(1, min) }, () => item.example).join(separator),
    jsonSchema: { type: 'array', items: item.jsonSchema, minItems: min, maxItems: max },
    parse: (text) => (text === '' ? all([]) : all(text.split(separator).map((each) => each.trim()))),
    accept: (value) => (Array.isArray(value) && value.every(hasKind) ? all(value) : undefined),
    print: (items) => items.map((each) => item.print(each)).join(separator),
  })
}
