/** One thing wrong with a configuration, in words that never hold a value or a piece of a source. */

/** Kinds of problem. */
export type ProblemReason =
  | 'missing'
  | 'invalid'
  | 'empty'
  | 'unknown'
  | 'near-miss'
  | 'conflict'
  | 'forbidden'
  | 'unreadable'
  | 'syntax'
  | 'group'

/** One line of a configuration error. */
export interface ConfigProblem {
  readonly reason: ProblemReason
  /** Environment name of the setting, or what could not be read. */
  readonly key: string
  /** Where it stands: `environment`, `config/app.yaml:3:9`, `/etc/app/PORT`. */
  readonly origin: string | undefined
  /** State and rule: `text of 7 characters, expected a port from 1 to 65535`. */
  readonly message: string
}

/** `KEY: <state>, expected <rule> (at <origin>)`. */
export function problemLine({ key, message, origin }: ConfigProblem): string {
  return `${key}: ${message}${origin === undefined ? '' : ` (at ${origin})`}`
}

/** What a value is, without the value. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return describeText(value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return 'a date'
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`
}

function describeText(text: string): string {
  if (text === '') return 'empty text'
  const spaces = text !== text.trim() ? ' with spaces around it' : ''
  return `text of ${text.length} ${text.length === 1 ? 'character' : 'characters'}${spaces}`
}

/** A name as written where it looks like one; what stands in a name's place by accident may be a secret. */
export function shownName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? name : 'a key'
}
