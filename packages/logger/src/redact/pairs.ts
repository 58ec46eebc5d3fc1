/**
 * Finds `key=value`, `key: value`, `"key":"value"` (escaped any number of times), `key => value`, `<key>value</key>`
 * and `user[key]=value` in text. Goes from separator to separator, looks back at most 64 characters for the key and
 * forward only over values it replaces: linear in the text.
 */
import { REDACTED } from './hits.ts'
import type { KeyRule } from './key-rules.ts'
import { findValueEnd, type ValueSpan } from './pair-values.ts'
import { hides, tellsNothing, tryMask } from './treatment.ts'

const MAX_KEY = 64
const MAX_WORDS = 4
const SOURCE_FILE = /\.(?:[cm]?[jt]sx?|py|go|java|rb|php|rs|json|ya?ml|html|css|vue|cs|kt|swift)$/i
const EQUALS = 61
const COLON = 58
const GREATER = 62

type Judge = (key: string) => KeyRule

/** How a key is judged and who counts. */
export interface PairOptions {
  readonly judge: Judge
  readonly onHit: () => void
}

function isKeyCode(code: number): boolean {
  return (
    code > 127 ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 93 && code !== 92) ||
    (code >= 97 && code <= 122) ||
    code === 95 ||
    code === 45 ||
    code === 46 ||
    code === 36
  )
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function isQuote(code: number): boolean {
  return code === 34 || code === 39 || code === 96
}

/** The key in quotes that ends at `end`, if one does. */
function quotedKey(text: string, end: number): string | undefined {
  const quote = text[end] === ')' ? '(' : (text[end] as string)
  let last = end
  while (last > 0 && text.charCodeAt(last - 1) === 92) last--
  const floor = Math.max(0, last - MAX_KEY - 8)
  for (let i = last - 1; i >= floor; i--) if (text[i] === quote) return text.slice(i + 1, last)
  return undefined
}

/** Where the word that ends at `end` begins. */
function wordStart(text: string, end: number): number {
  const floor = Math.max(0, end - MAX_KEY)
  let start = end
  while (start > floor && isKeyCode(text.charCodeAt(start - 1))) start--
  return start
}

/** True for `…/token:12`, a place in a file. */
function isPosition(text: string, start: number, end: number): boolean {
  const next = text.charCodeAt(end + 1)
  return text.charCodeAt(start - 1) === 47 && text.charCodeAt(end) === COLON && next >= 48 && next <= 57
}

/** What the words before `end` say: the last one, or the last few together (`api key: …`). */
function judgeWords(text: string, end: number, judge: Judge): KeyRule | undefined {
  let start = wordStart(text, end)
  if (start === end) return undefined
  for (let words = 1; words <= MAX_WORDS; words++) {
    const key = text.slice(start, end)
    if (SOURCE_FILE.test(key) || isPosition(text, start, end)) return undefined
    const rule = judge(key)
    if (rule.treatment !== 'plain' && rule.treatment !== 'person-name') return rule
    if (text.charCodeAt(start - 1) !== 32 || end - start > MAX_KEY) return undefined
    const before = wordStart(text, start - 1)
    if (before === start - 1) return undefined
    start = before
  }
  return undefined
}

/** `Key (password)=(x)`, as PostgreSQL says it. */
function isKeyInBrackets(text: string, end: number, separator: number): boolean {
  return text.charCodeAt(end - 1) === 41 && text.charCodeAt(separator + 1) === 40
}

function ruleBefore(text: string, separator: number, judge: Judge): KeyRule | undefined {
  const arrow = text.charCodeAt(separator) === GREATER && text.charCodeAt(separator - 1) === 45
  if (text.charCodeAt(separator) === GREATER && !arrow) {
    const start = wordStart(text, separator)
    return text.charCodeAt(start - 1) === 60 ? judge(text.slice(start, separator)) : undefined
  }
  let end = arrow ? separator - 1 : separator
  while (end > 0 && separator - end < 4 && isBlank(text.charCodeAt(end - 1))) end--
  if (end === 0) return undefined
  if (!isQuote(text.charCodeAt(end - 1)) && !isKeyInBrackets(text, end, separator)) return judgeWords(text, end, judge)
  const key = quotedKey(text, end - 1)
  return key === undefined ? undefined : judge(key)
}

function replacement(rule: KeyRule, value: string): string | undefined {
  if (value === REDACTED || tellsNothing(rule, value)) return undefined
  if (rule.treatment === 'session') return value.length < 8 ? undefined : REDACTED
  return hides(rule.treatment) ? REDACTED : tryMask(rule.treatment, value)
}

/** Where the value after the separator at `at` begins; -1 when the separator is part of something else. */
function valueStart(text: string, at: number): number {
  let start = at + 1
  const code = text.charCodeAt(at)
  const next = text.charCodeAt(start)
  if (code === COLON && (next === COLON || (next === 47 && text.charCodeAt(start + 1) === 47))) return -1
  if (code === COLON && next === EQUALS) start++
  if (code === EQUALS && (next === GREATER || next === EQUALS)) start++
  const limit = start + 8
  while (start < limit && isBlank(text.charCodeAt(start))) start++
  return start
}

/** `text` with the values of telling keys replaced. */
export function redactPairs(text: string, options: PairOptions): string {
  let out = ''
  let copied = 0
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== EQUALS && code !== COLON && code !== GREATER) continue
    const rule = ruleBefore(text, i, options.judge)
    if (rule === undefined || rule.treatment === 'plain' || rule.treatment === 'person-name') continue
    const start = valueStart(text, i)
    if (start < 0 || start >= text.length) continue
    const span: ValueSpan = findValueEnd(text, start, { key: rule, separator: code })
    const replaced = replacement(rule, text.slice(span.start, span.end))
    if (replaced === undefined || replaced === text.slice(span.start, span.end)) continue
    options.onHit()
    out += text.slice(copied, span.start) + replaced
    copied = span.end
    i = Math.max(i, span.end - 1)
  }
  return copied === 0 ? text : out + text.slice(copied)
}
