import type { Clock } from '@ops/core'

/** How long an estimate is trusted before drift is looked at again. */
const TRUSTED_MS = 60_000

/**
 * What Redis's clock says now, reckoned from its last answer and this process's monotonic time: no wall clock of a node
 * takes part. Never ahead of the server, but for drift.
 */
export interface ServerClock {
  /** False when there is no answer yet, or an old one. */
  readonly known: boolean
  /** Milliseconds by the server's clock; 0 as long as nothing is known. */
  now(): number
  /** Takes over a time the server has just sent, in milliseconds. */
  learn(serverMs: number): void
}

/** Creates a clock that knows nothing yet. */
export function createServerClock(clock: Clock): ServerClock {
  let offset: number | undefined
  let learntAt = Number.NEGATIVE_INFINITY
  return {
    get known() {
      return offset !== undefined && clock.monotonic() - learntAt < TRUSTED_MS
    },
    now: () => (offset === undefined ? 0 : clock.monotonic() + offset),
    learn(serverMs) {
      learntAt = clock.monotonic()
      offset = serverMs - learntAt
    },
  }
}
