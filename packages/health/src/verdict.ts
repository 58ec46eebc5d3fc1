/** A check's status from its results: a pure state machine, damped so that chance failures do not flap it. */
import type { Check } from './check.ts'

/** `unknown` until the first success or until failures make it `down`. */
export type CheckStatus = 'unknown' | 'up' | 'down'

/** Status, since when, and how many results in a row spoke against it. */
export interface Verdict {
  readonly status: CheckStatus
  /** Monotonic milliseconds of the last change. */
  readonly sinceMs: number
  readonly against: number
}

/** Before any result. */
export const UNKNOWN: Verdict = { status: 'unknown', sinceMs: -Infinity, against: 0 }

/** The verdict after one more result. */
export function judge(
  verdict: Verdict,
  ok: boolean,
  atMs: number,
  policy: Pick<Check, 'downAfter' | 'upAfter' | 'holdMs'>,
): Verdict {
  if (verdict.status === 'unknown' && ok) return { status: 'up', sinceMs: atMs, against: 0 }
  if (verdict.status === (ok ? 'up' : 'down')) return verdict.against === 0 ? verdict : { ...verdict, against: 0 }
  const against = verdict.against + 1
  const enough = against >= (ok ? policy.upAfter : policy.downAfter)
  if (!enough || atMs - verdict.sinceMs < policy.holdMs) return { ...verdict, against }
  return { status: ok ? 'up' : 'down', sinceMs: atMs, against: 0 }
}

/** The verdict when the last result has grown too old to believe. */
export function judgeStale(atMs: number): Verdict {
  return { status: 'down', sinceMs: atMs, against: 0 }
}
