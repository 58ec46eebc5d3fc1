/** Social security numbers are hidden; e-mail addresses and phone numbers are masked so that people can still tell them apart. */
import { REDACTED } from './hits.ts'
import { tryMaskPhone } from './treatment.ts'

const SSN = /(?<![\d-]|\d[ .])(?!000|666)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-]|[ .]\d)/g

/** `text` without US social security and taxpayer numbers in their written form. */
export function redactSsn(text: string, onHit: () => void): string {
  return text.replace(SSN, () => {
    onHit()
    return REDACTED
  })
}

const SEPARATOR = /[ ./()-]/
const PHONES: readonly RegExp[] = [
  // International: +49 (0)170 1234567
  /(?<![\w.+])\+\(?\d(?:[ .\-()/]{0,3}\d){6,14}(?!\d)/g,
  // 0049 170 1234567, with a separator somewhere
  /(?<![\w.+:-])00[1-9]\d{0,2}[ .\-/(](?:[ .\-()/]{0,2}\d){6,13}(?![\w-])/g,
  // North America: (415) 555-1234, 1-415-555-1234, 415.555.1234
  /(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\)[ -]?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)/g,
  // An area in brackets: (11) 91234-5678, 8 (912) 345-67-89
  /(?<![\w.+-])(?:8 ?)?\(0?\d{2,5}\) ?\d{2,5}[ -]\d{2,4}(?:[ -]\d{2})?(?![\w-]|[.:]\d)/g,
  // A leading zero: 06 12 34 56 78, 030 1234567, 090-1234-5678
  /(?<![\w.+:-])0\d{1,5}(?:[ /-]{1,3}\d{2,8}){1,5}(?![\w-]|[.:]\d)/g,
  // Said to be one: phone 4155551234
  /(?<=\b(?:phone|tel|mobile|call|called|fax|cell|sms|whatsapp)\W{1,3})\d{10,13}(?!\d)/gi,
  // China: 138 1234 5678
  /(?<![\w.+:-])1[3-9]\d([ -])\d{4}\1\d{4}(?![\w-]|[.:]\d)/g,
]
const MIN_DIGITS = 8
const MAX_DIGITS = 15

function isPhone(candidate: string): boolean {
  const digits = candidate.replace(/\D/g, '').length
  if (digits < MIN_DIGITS || digits > MAX_DIGITS) return false
  return candidate.startsWith('+') || digits > 9 || (digits > 8 && SEPARATOR.test(candidate))
}

/** `text` with phone numbers as `***-***-1234`. */
export function maskPhones(text: string, onHit: () => void): string {
  return PHONES.reduce(
    (current, pattern) =>
      current.replace(pattern, (candidate) => {
        const masked = isPhone(candidate) ? tryMaskPhone(candidate) : undefined
        if (masked === undefined) return candidate
        onHit()
        return masked
      }),
    text,
  )
}

const MAX_LOCAL = 64
const MAX_DOMAIN = 253
const LOCAL = /[\w.+'!#$&*/=?^`{|}~%-]/
const TOP_LEVEL = /^(?:\p{L}{2,}|xn--[a-z0-9-]{2,})$/iu
const VERSION = /^\d+\.\d/
const REPOSITORY_PATH = /^:[\w~./-]*(?:\/|\.git)/
const LOCAL_DELIMITERS = /^.*[=&/?:{|}'`]/s

function isDomainCode(code: number): boolean {
  return (
    code > 127 ||
    code === 45 ||
    code === 46 ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122)
  )
}

function localStart(text: string, at: number): number {
  const floor = Math.max(0, at - MAX_LOCAL)
  let start = at
  while (start > floor && (LOCAL.test(text[start - 1] as string) || text.charCodeAt(start - 1) > 127)) start--
  const delimiters = LOCAL_DELIMITERS.exec(text.slice(start, at))
  return delimiters === null ? start : start + delimiters[0].length
}

function domainEnd(text: string, at: number): number {
  const limit = Math.min(text.length, at + 1 + MAX_DOMAIN)
  let end = at + 1
  while (end < limit && isDomainCode(text.charCodeAt(end))) end++
  while (end > at + 1 && (text[end - 1] === '.' || text[end - 1] === '-')) end--
  return end
}

/** `pkg@1.2.3` and `git@host:repo` are no mailboxes. */
function isMailbox(local: string, domain: string, rest: string): boolean {
  const dot = domain.lastIndexOf('.')
  if (local === '' || dot < 1 || !TOP_LEVEL.test(domain.slice(dot + 1)) || VERSION.test(domain)) return false
  return local !== 'git' && !REPOSITORY_PATH.test(rest)
}

/** `text` with e-mail addresses as `j***@example.com`. */
export function maskEmails(text: string, onHit: () => void): string {
  let out = ''
  let copied = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = Math.max(copied, localStart(text, at))
    const end = domainEnd(text, at)
    const local = text.slice(start, at)
    if (local.endsWith('***') || !isMailbox(local, text.slice(at + 1, end), text.slice(end, end + 128))) continue
    out += `${text.slice(copied, start)}${String.fromCodePoint(local.codePointAt(0) as number)}***`
    copied = at
    onHit()
  }
  return copied === 0 ? text : out + text.slice(copied)
}
