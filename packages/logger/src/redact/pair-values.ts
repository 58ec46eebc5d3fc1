/** Where a value in text ends: quoted, bracketed, a whole header line, a scheme with its credentials, or one word. */
import { REDACTED } from './hits.ts'
import type { KeyRule } from './key-rules.ts'

/** From the first to behind the last character of a value. */
export interface ValueSpan {
  readonly start: number
  readonly end: number
}

const SCHEME = /^(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256|hawk|hmac|key)$/i

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13 || code === 160
}

/** End of a quoted value; `level` backslashes stand before its quotes. */
function quotedEnd(text: string, from: number, quote: number, level: number): number {
  let slashes = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 92) slashes++
    else {
      if (code === quote && slashes <= level) return i - slashes
      slashes = 0
    }
  }
  return text.length
}

/** End of a bracketed value: after its closing bracket, or the end of the text. */
function bracketEnd(text: string, from: number): number {
  let depth = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 123 || code === 91) depth++
    else if (code === 125 || code === 93) {
      depth--
      if (depth === 0) return i + 1
    }
  }
  return text.length
}

/** `,` ends a value only where a new item follows: passwords may contain it. */
function commaEnds(text: string, at: number): boolean {
  const next = text.charCodeAt(at + 1)
  if (Number.isNaN(next) || isSpace(next) || next === 34 || next === 39) return true
  for (let i = at + 1; i < text.length && i < at + 40; i++) {
    const code = text.charCodeAt(i)
    if (code === 61 || code === 58) return true
    if (code < 48 || (code > 57 && code < 65)) return false
  }
  return false
}

function wordEnd(text: string, from: number, separator: number): number {
  for (let i = from; i < text.length; i++) {
    // What a detector before has hidden is part of the value.
    if (text.startsWith(REDACTED, i)) {
      i += REDACTED.length - 1
      continue
    }
    const code = text.charCodeAt(i)
    if (isSpace(code) || code === 34 || code === 39 || code === 96 || code === 60) return i
    if (code === 38 && separator === 61) return i
    if (code === 59 || code === 125 || code === 41) return i
    if (code === 93 && i > from) return i
    if (code === 44 && commaEnds(text, i)) return i
    if (code === 92 && i + 1 < text.length && 'nrt"\'\\'.includes(text[i + 1] as string)) return i
  }
  return text.length
}

function lineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 10 || code === 13 || code === 34 || code === 96) return i
    if (code === 92 && (text[i + 1] === 'n' || text[i + 1] === 'r' || text[i + 1] === '"')) return i
  }
  return text.length
}

function lineFeed(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function closingEnd(text: string, from: number): number {
  const end = text.indexOf(')', from)
  return end < 0 ? text.length : end
}

function markupEnd(text: string, from: number): number {
  const end = text.indexOf('<', from)
  return end < 0 ? text.length : end
}

/** The value that begins at `at`. */
export function findValueEnd(
  text: string,
  at: number,
  about: { readonly key: KeyRule; readonly separator: number },
): ValueSpan {
  if (about.separator === 62 && text.charCodeAt(at - 1) === 62) return { start: at, end: markupEnd(text, at) }
  if (text.charCodeAt(at) === 40) return { start: at + 1, end: closingEnd(text, at + 1) }
  let quoteAt = at
  while (text.charCodeAt(quoteAt) === 92) quoteAt++
  const first = text.charCodeAt(quoteAt)
  if (first === 34 || first === 39 || first === 96) {
    return { start: quoteAt + 1, end: quotedEnd(text, quoteAt + 1, first, quoteAt - at) }
  }
  if ((first === 123 || first === 91) && !text.startsWith(REDACTED, at))
    return { start: at, end: wordEnd(text, bracketEnd(text, at), about.separator) }
  if (about.key.line) return { start: at, end: lineEnd(text, at) }
  const end = wordEnd(text, at, about.separator)
  if (!SCHEME.test(text.slice(at, Math.min(end, at + 20)))) return { start: at, end }
  let next = end
  while (next < text.length && next < end + 4 && text.charCodeAt(next) === 32) next++
  const scheme = text.slice(at, end).toLowerCase()
  const credentials = scheme.startsWith('digest') || scheme.startsWith('aws4') || scheme === 'hawk'
  return { start: at, end: credentials ? lineFeed(text, next) : wordEnd(text, next, about.separator) }
}
