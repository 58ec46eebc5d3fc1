/** Flags as a person reads them: declaration and state side by side, and what is to be cleared away. Pure. */
import type { FlagChange, FlagState } from '@ops/flags'
import type { Declaration } from './open-store.ts'

/** One flag, declared, stored, or both. */
export interface FlagView {
  readonly flag: string
  readonly declared: Declaration | undefined
  readonly state: FlagState | undefined
  readonly lastChange: FlagChange | undefined
}

/** A flag that is to be cleared away, and why. */
export interface StaleFlag {
  readonly flag: string
  readonly why: string
}

/** What is known of all flags. */
export interface Known {
  readonly declared: Readonly<Record<string, Declaration>> | undefined
  readonly states: Readonly<Record<string, FlagState>>
  /** Newest first. */
  readonly history: readonly FlagChange[]
}

const DAY_MS = 86_400_000
/** A flag that everybody has had for so long is no flag any more. */
const SETTLED_DAYS = 30

/** All flags by name. */
export function viewsOf({ declared = {}, states, history }: Known): FlagView[] {
  const names = [...new Set([...Object.keys(declared), ...Object.keys(states)])].sort()
  return names.map((flag) => ({
    flag,
    declared: Object.hasOwn(declared, flag) ? declared[flag] : undefined,
    state: Object.hasOwn(states, flag) ? states[flag] : undefined,
    lastChange: history.find((change) => change.flag === flag),
  }))
}

/** Who gets a flag, in words. */
export function audienceOf(state: FlagState | undefined): string {
  if (state === undefined) return 'its default'
  if (!state.enabled) return 'off'
  const { users = [], organisations = [], regions, percentage } = state
  const share = percentage ?? (users.length + organisations.length === 0 ? 100 : 0)
  const who = [
    ...(users.length > 0 ? [`users ${users.join(', ')}`] : []),
    ...(organisations.length > 0 ? [`organisations ${organisations.join(', ')}`] : []),
    ...(share >= 100 ? ['everybody'] : share > 0 ? [`${share} %`] : []),
  ]
  const where = regions === undefined ? '' : ` in ${regions.join(', ')}`
  return `${state.value === false ? 'false' : 'on'} for ${who.join(' and ') || 'nobody'}${where}`
}

/** What is to be cleared away on the day `now`, in milliseconds since the Unix epoch. */
export function staleOf(known: Known, now: number): StaleFlag[] {
  const today = new Date(now).toISOString().slice(0, 10)
  return viewsOf(known).flatMap(({ flag, declared, state, lastChange }): StaleFlag[] => {
    if (declared === undefined) {
      // Without a declaration at hand nothing can be called undeclared.
      return known.declared === undefined ? [] : [{ flag, why: 'stored but not declared: no code asks for it' }]
    }
    const { removeBy } = declared
    if (removeBy !== undefined && removeBy < today) return [{ flag, why: `to be removed from the code by ${removeBy}` }]
    const days = lastChange === undefined ? 0 : Math.floor((now - lastChange.at) / DAY_MS)
    if (days < SETTLED_DAYS || !audienceOf(state).endsWith('for everybody')) return []
    return [{ flag, why: `the same for everybody for ${days} days: the code can do without it` }]
  })
}
