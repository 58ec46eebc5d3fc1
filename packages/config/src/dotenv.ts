/** The `.env` grammar: strict about quotes and duplicates, literal about `$`, no expansion and so no loops. */
import { isForbiddenName } from './entry.ts'

/** A parsed `.env`: variables with their places, and what is wrong by line. */
export interface DotenvReading {
  readonly values: ReadonlyMap<string, { readonly text: string; readonly line: number; readonly column: number }>
  readonly problems: readonly { readonly line: number; readonly key: string | undefined; readonly message: string }[]
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/**
 * Parses `.env` text. `NAME=value`, optional `export`; `'…'` and `` `…` `` are literal, `"…"` knows `\n \r \t \" \\`; all three may span lines.
 * An unquoted value ends before ` #`. A byte order mark and CRLF are understood.
 */
export function parseDotenv(source: string): DotenvReading {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const values = new Map<string, { text: string; line: number; column: number }>()
  const problems: { line: number; key: string | undefined; message: string }[] = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const end = endOfLine(text, at)
    const row = text.slice(at, end)
    const match = ASSIGNMENT.exec(row)
    if (match === null) {
      if (!/^[ \t]*(?:#.*)?$/.test(row))
        problems.push({ line, key: undefined, message: 'is no NAME=value, expected one' })
      at = end + 1
      line++
      continue
    }
    const key = match[1] as string
    const value = readValue(text, at + match[0].length)
    if (value.problem !== undefined) problems.push({ line, key, message: value.problem })
    else if (isForbiddenName(key)) problems.push({ line, key, message: 'is a forbidden name, expected another' })
    else if (values.has(key)) problems.push({ line, key, message: 'is set twice, expected once' })
    else values.set(key, { text: value.text, line, column: match[0].length + 1 })
    line += text.slice(at, value.end).split('\n').length
    at = value.end + 1
  }
  return { values, problems }
}

interface Value {
  readonly text: string
  /** Index of the line break that ends it. */
  readonly end: number
  readonly problem?: string
}

function readValue(text: string, start: number): Value {
  const quote = text[start]
  const lineEnd = endOfLine(text, start)
  if (quote !== '"' && quote !== "'" && quote !== '`') {
    return {
      text: text
        .slice(start, lineEnd)
        .replace(/(?:^|[ \t]+)#.*$/, '')
        .trim(),
      end: lineEnd,
    }
  }
  const close = closingQuote(text, start, quote)
  if (close === -1) return { text: '', end: lineEnd, problem: 'has no closing quote, expected one' }
  const end = endOfLine(text, close)
  if (!/^[ \t]*(?:#.*)?$/.test(text.slice(close + 1, end))) {
    return { text: '', end, problem: 'has text after the closing quote, expected the end of the line' }
  }
  const inner = text.slice(start + 1, close)
  return {
    text: quote === '"' ? inner.replace(/\\([nrt"\\])/g, (_, letter: string) => ESCAPES[letter] as string) : inner,
    end,
  }
}

function closingQuote(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return -1
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}
