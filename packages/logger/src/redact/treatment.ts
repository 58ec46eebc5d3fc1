/** What happens to a value, given what its key means. */
import type { KeyRule, Treatment } from './key-rules.ts'
import { isStateWord } from './key-rules.ts'

const DATE = /^\d{4}-\d\d-\d\d(?:[T ][\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)?)?$/
const NUMBER = /^-?\d{1,15}(?:\.\d+)?(?:ms|s|m|h|d|%)?$/
const BOOLEAN = /^(?:true|false|null|undefined|none)$/i
const SMALL_CARD_NUMBER = 1e7

/** `***-***-1234`; undefined for text that has too few digits to be a number people call. */
export function tryMaskPhone(text: string): string | undefined {
  const digits = text.normalize('NFKC').replace(/\D/g, '')
  return digits.length < 7 || text.length > 64 ? undefined : `***-***-${digits.slice(-4)}`
}

/** `J***`. */
function maskName(text: string): string {
  const first = text.trim().codePointAt(0)
  return first === undefined ? text : `${String.fromCodePoint(first)}***`
}

/** `j***@example.com`, whatever stands before the last `@`. */
function maskMailbox(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  if (at < 1) return undefined
  return `${String.fromCodePoint(text.codePointAt(0) as number)}***${text.slice(at)}`
}

/** True when a value under a secret key gives nothing away: it measures, dates or tells a state. */
export function tellsNothing(rule: KeyRule, text: string): boolean {
  if (text === '' || BOOLEAN.test(text)) return true
  if (rule.measure && (DATE.test(text) || NUMBER.test(text))) return true
  if (rule.treatment === 'status' || rule.treatment === 'session') return isStateWord(text)
  if (rule.treatment === 'card') return /^\d{1,6}$/.test(text) || isStateWord(text)
  return false
}

/** True for text that is long enough for a session's id and no state. */
export function isSessionId(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 8 && !BOOLEAN.test(value) && !isStateWord(value)
}

/** True when a number under a secret key gives nothing away. */
export function numberTellsNothing(rule: KeyRule, value: number | bigint): boolean {
  if (rule.measure || rule.treatment === 'session') return true
  return rule.treatment === 'card' && value < SMALL_CARD_NUMBER && value > -SMALL_CARD_NUMBER
}

/** True for treatments that hide a value rather than mask it. */
export function hides(treatment: Treatment): boolean {
  return treatment === 'secret' || treatment === 'status' || treatment === 'card'
}

/** The mask of a person's data; undefined when the text is none. */
export function tryMask(treatment: Treatment, text: string): string | undefined {
  if (treatment === 'phone') return tryMaskPhone(text)
  if (treatment === 'name') return text === '' || isStateWord(text) ? undefined : maskName(text)
  if (treatment === 'email') return maskMailbox(text)
  return undefined
}
