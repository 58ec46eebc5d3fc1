/** Undoes what hides characters from the detectors: percent, `\u` and HTML escapes, compatibility forms, invisible characters. */
import { CODED, WIDE } from './scan.ts'

const PERCENT = /(?:%[0-9a-f]{2})+/gi
const ESCAPED = /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))/gi
const ENTITY = /&(?:#(\d{1,6})|#x([0-9a-f]{1,6})|(amp|quot|apos|lt|gt|commat|colon|equals));/gi
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  commat: '@',
  colon: ':',
  equals: '=',
}
const INVISIBLE = /\p{Cf}|\u034f|\u115f|\u1160|\u3164|[\ufe00-\ufe0f]/gu
/** Characters that stand for a whole sentence; all others become at most six. */
const LIGATURES = /[\ufdfa\ufdfb]/g
const DASHES = /[\u2010-\u2015\u2212\u30fb\u00b7]/g
const SPACES = /[\p{Zs}\u2028\u2029]/gu
const DIGITS = /\p{Nd}/gu
const DIGIT_ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
  0x17e0, 0x1810,
]

function decodePercent(text: string): string {
  return text.replace(PERCENT, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}

function codePoint(code: number, whole: string): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

function decodeEscapes(text: string): string {
  return text
    .replace(ESCAPED, (_, four?: string, two?: string) =>
      String.fromCharCode(Number.parseInt(four ?? (two as string), 16)),
    )
    .replace(ENTITY, (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole
      return codePoint(decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal), whole)
    })
}

function plainDigit(digit: string): string {
  const code = digit.codePointAt(0) as number
  const zero = DIGIT_ZEROS.find((start) => code >= start && code < start + 10)
  return zero === undefined ? digit : String(code - zero)
}

/** `text` as a reader would see it; the same string when nothing is hidden. `found` is its scan. */
export function unmask(text: string, found: number): string {
  let out = text
  if ((found & CODED) !== 0) out = decodeEscapes(decodePercent(decodePercent(out)))
  if ((found & WIDE) !== 0 || out !== text) {
    out = out
      .replace(LIGATURES, ' ')
      .normalize('NFKC')
      .replace(INVISIBLE, '')
      .replace(SPACES, ' ')
      .replace(DASHES, '-')
      .replace(DIGITS, plainDigit)
  }
  return out
}
