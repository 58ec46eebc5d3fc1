/** The state of a flag as it is stored: who gets it. Parsed by hand, because what comes from outside may be anything. */
import { FlagInvalidError } from './errors.ts'

/** Who gets a flag. Lists and percentage widen each other; regions narrow all of them. */
export interface FlagState {
  /** `false` answers the default to everybody. */
  readonly enabled: boolean
  /** What those who are meant get. @defaultValue true */
  readonly value?: boolean
  /** User ids that get it. */
  readonly users?: readonly string[]
  /** Organisations (tenants) that get it. */
  readonly organisations?: readonly string[]
  /** Regions outside of which nobody gets it. @defaultValue all */
  readonly regions?: readonly string[]
  /** Share of users (of organisations where there is no user) that get it, 0 to 100. @defaultValue 100 without lists, else 0 */
  readonly percentage?: number
}

const LISTS = ['users', 'organisations', 'regions'] as const
const KNOWN: ReadonlySet<string> = new Set(['enabled', 'value', 'percentage', ...LISTS])

/** Checks a state. @throws FlagInvalidError naming what is wrong. */
export function parseFlagState(flag: string, state: unknown): FlagState {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) {
    throw new FlagInvalidError(flag, `it is ${JSON.stringify(state)}`, 'an object')
  }
  const given = state as Readonly<Record<string, unknown>>
  const stray = Object.keys(given).find((name) => !KNOWN.has(name))
  if (stray !== undefined) throw new FlagInvalidError(flag, `it has ${JSON.stringify(stray)}`, [...KNOWN].join(', '))
  const { enabled, value, percentage } = given
  if (typeof enabled !== 'boolean') throw new FlagInvalidError(flag, `enabled is ${enabled}`, 'true or false')
  if (value !== undefined && typeof value !== 'boolean') {
    throw new FlagInvalidError(flag, `value is ${JSON.stringify(value)}`, 'true or false')
  }
  if (percentage !== undefined && !(typeof percentage === 'number' && percentage >= 0 && percentage <= 100)) {
    throw new FlagInvalidError(flag, `percentage is ${JSON.stringify(percentage)}`, '0 to 100')
  }
  for (const list of LISTS) {
    const entries = given[list]
    if (entries === undefined || (Array.isArray(entries) && entries.every((entry) => typeof entry === 'string')))
      continue
    throw new FlagInvalidError(flag, `${list} is ${JSON.stringify(entries)}`, 'a list of texts')
  }
  return state as FlagState
}

/** Parses the stored text of a state. @throws FlagInvalidError for anything else. */
export function parseFlagText(flag: string, text: string): FlagState {
  let state: unknown
  try {
    state = JSON.parse(text)
  } catch {
    throw new FlagInvalidError(flag, 'it is no JSON', 'an object')
  }
  return parseFlagState(flag, state)
}
