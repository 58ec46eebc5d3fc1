/** Payment card numbers of 13 to 19 digits, however grouped: known issuer ranges and the Luhn check keep other numbers out. */
import { REDACTED } from './hits.ts'

const MIN_DIGITS = 13
const MAX_DIGITS = 19
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const HEX_ID = /^(?=.*[a-f])[0-9a-f]{16,128}$/i

/** First digits from, to, and the lengths issued. */
const ISSUERS: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [2200, 2204, [16, 17, 18, 19]],
  [2221, 2720, [16]],
  [3000, 3059, [14, 15, 16, 17, 18, 19]],
  [3095, 3095, [14, 15, 16, 17, 18, 19]],
  [3400, 3499, [15]],
  [3528, 3589, [16, 17, 18, 19]],
  [3600, 3699, [14, 15, 16, 17, 18, 19]],
  [3700, 3799, [15]],
  [3800, 3999, [14, 15, 16, 17, 18, 19]],
  [4000, 4999, [13, 16, 19]],
  [5000, 5099, [13, 14, 15, 16, 17, 18, 19]],
  [5100, 5599, [16]],
  [5600, 5899, [13, 14, 15, 16, 17, 18, 19]],
  [6000, 6099, [16, 17, 18, 19]],
  [6200, 6299, [16, 17, 18, 19]],
  [6300, 6399, [13, 14, 15, 16, 17, 18, 19]],
  [6440, 6599, [16, 17, 18, 19]],
  [6700, 6799, [13, 14, 15, 16, 17, 18, 19]],
  [8100, 8299, [16, 17, 18, 19]],
]

const LEAST_HEAD = 2200

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = digit * 2
    sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** The lengths issued for numbers that begin so. */
function issuedLengths(head: number): readonly number[] | undefined {
  if (!(head >= LEAST_HEAD)) return undefined
  for (const [from, to, lengths] of ISSUERS) if (head >= from && head <= to) return lengths
  return undefined
}

/** True for the digits of a card number. */
export function isCardNumber(digits: string): boolean {
  return (issuedLengths(Number(digits.slice(0, 4)))?.includes(digits.length) ?? false) && passesLuhn(digits)
}

/** True when the digits are part of a UUID or a hexadecimal id. */
function isInsideId(text: string, start: number, end: number): boolean {
  let from = start
  let to = end
  while (from > 0 && start - from < 128 && /[0-9a-z-]/i.test(text[from - 1] as string)) from--
  while (to < text.length && to - end < 128 && /[0-9a-z-]/i.test(text[to] as string)) to++
  const token = text.slice(from, to)
  return UUID.test(token) || HEX_ID.test(token)
}

interface Group {
  readonly start: number
  readonly end: number
}

/** Groups as people write cards: one separator throughout, or fours. */
function isPlausible(text: string, groups: readonly Group[]): boolean {
  if (groups.length === 1) {
    const { start } = groups[0] as Group
    return !(text[start - 1] === '.' && /\d/.test(text[start - 2] ?? ''))
  }
  const fours = groups.slice(0, -1).every(({ start, end }) => end - start === 4)
  const gaps = new Set(groups.slice(1).map(({ start }, i) => text.slice((groups[i] as Group).end, start)))
  const dotted = gaps.has('.') || gaps.has('/')
  return fours || (gaps.size === 1 && !dotted)
}

/** The number that the first four digits from group `first` on make; NaN when there are fewer. */
function headFrom(text: string, groups: readonly Group[], first: number): number {
  let head = 0
  let count = 0
  for (let i = first; i < groups.length; i++) {
    const { start, end } = groups[i] as Group
    for (let at = start; at < end; at++) {
      head = head * 10 + text.charCodeAt(at) - 48
      if (++count === 4) return head
    }
  }
  return Number.NaN
}

/** The first 19 digits from group `first` on. */
function digitsFrom(text: string, groups: readonly Group[], first: number): string {
  let digits = ''
  for (let i = first; i < groups.length && digits.length < MAX_DIGITS; i++) {
    const { start, end } = groups[i] as Group
    digits += text.slice(start, Math.min(end, start + MAX_DIGITS + 1))
  }
  return digits
}

/** How many groups from `first` on make a card number; 0 when none do. The longest wins. */
function cardGroups(text: string, groups: readonly Group[], first: number): number {
  const lengths = issuedLengths(headFrom(text, groups, first))
  if (lengths === undefined) return 0
  const digits = digitsFrom(text, groups, first)
  if (digits.length < MIN_DIGITS) return 0
  let count = 0
  let found = 0
  for (let i = first; i < groups.length && count <= MAX_DIGITS; i++) {
    const { start, end } = groups[i] as Group
    count += end - start
    if (!lengths.includes(count) || !passesLuhn(digits.slice(0, count))) continue
    if (isPlausible(text, groups.slice(first, i + 1))) found = i - first + 1
  }
  return found
}

function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57
}

/** True for what people put between the digits of a card. */
function joins(code: number): boolean {
  return code === 32 || code === 45 || code === 46 || code === 95 || code === 47 || code === 43 || code === 9
}

/** Groups of digits from `from` on that no more than two joining characters part. */
function groupsFrom(text: string, from: number): Group[] {
  const groups: Group[] = []
  let at = from
  while (isDigitCode(text.charCodeAt(at))) {
    const start = at
    while (isDigitCode(text.charCodeAt(at))) at++
    groups.push({ start, end: at })
    if (joins(text.charCodeAt(at))) at += joins(text.charCodeAt(at + 1)) ? 2 : 1
  }
  return groups
}

/** `text` without card numbers. Linear: every group is looked at once, 19 digits far. */
export function redactCards(text: string, onHit: () => void): string {
  let out = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    if (!isDigitCode(text.charCodeAt(at))) continue
    const groups = groupsFrom(text, at)
    for (let i = 0; i < groups.length; i++) {
      const count = cardGroups(text, groups, i)
      if (count === 0) continue
      const { start } = groups[i] as Group
      const { end } = groups[i + count - 1] as Group
      if (isInsideId(text, start, end)) continue
      out += text.slice(copied, start) + REDACTED
      copied = end
      i += count - 1
      onHit()
    }
    at = groups.at(-1)?.end ?? at
  }
  return copied === 0 ? text : out + text.slice(copied)
}
