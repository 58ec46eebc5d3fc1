/** The breakers of one policy: one for each authority that it calls. */
import type { Clock } from '@ops/core'
import { Breaker, type BreakerOptions, type BreakerState, type OnTransition } from './breaker.ts'

/** With more authorities than this the breaker made first is forgotten, so that names from outside cannot fill the memory. */
const MAX_AUTHORITIES = 1_000
const SEVERITY: readonly BreakerState[] = ['closed', 'half-open', 'open', 'isolated']

/** Breakers by authority. */
export interface Breakers {
  of(authority: string): Breaker
  /** The worst state of all. */
  worst(): BreakerState
  /** Isolates all, present and future. */
  isolate(): () => void
}

/** Creates the breakers of the policy `name`. */
export function createBreakers(
  name: string,
  options: Required<BreakerOptions>,
  clock: Clock,
  onTransition?: OnTransition,
): Breakers {
  const known = new Map<string, Breaker>()
  const isolations = new Set<Map<Breaker, () => void>>()
  const add = (authority: string): Breaker => {
    if (known.size >= MAX_AUTHORITIES) known.delete(known.keys().next().value as string)
    const breaker = new Breaker(authority === '' ? name : `${name} at ${authority}`, options, clock, onTransition)
    for (const held of isolations) held.set(breaker, breaker.isolate())
    known.set(authority, breaker)
    return breaker
  }
  add('')
  return {
    of: (authority) => known.get(authority) ?? add(authority),
    worst: () => [...known.values()].map(({ state }) => state).reduce(worse, 'closed'),
    isolate() {
      const held = new Map([...known.values()].map((breaker) => [breaker, breaker.isolate()]))
      isolations.add(held)
      return () => {
        isolations.delete(held)
        for (const release of held.values()) release()
      }
    },
  }
}

/** As a number: 0 closed, 1 half-open, 2 open, 3 isolated. */
export function severityOf(state: BreakerState): number {
  return SEVERITY.indexOf(state)
}

/** The worse of two states. */
export function worse(one: BreakerState, other: BreakerState): BreakerState {
  return severityOf(one) >= severityOf(other) ? one : other
}
