/** One attempt of a call, and how it ended: what the engine and a hedge tell each other. */
import type { CallHealth } from './breaker.ts'

/** One attempt, numbered from 1. */
export interface Attempt {
  readonly number: number
  /** Longest wait for this one, in milliseconds. */
  readonly timeoutMs: number
  /** Aborted when another sending of the attempt was quicker. */
  readonly signal?: AbortSignal
  /** True for the second sending of an attempt that was slow. */
  readonly hedge?: boolean
}

/** What a result or an error means. */
export interface Verdict {
  readonly health: CallHealth
  /** Why another attempt is worth it; undefined when it is not. */
  readonly retry?: string
  /** When the dependency wants to be asked again, in milliseconds. */
  readonly afterMs?: number
}

/** How an attempt ended. */
export type Settled<T> = { readonly verdict: Verdict } & ({ readonly result: T } | { readonly error: unknown })
