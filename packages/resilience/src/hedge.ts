/** Hedging: a second sending of an attempt that is slow, and the first good answer of the two. */
import type { Clock } from '@ops/core'
import type { Attempt, Settled } from './attempt.ts'

/** When an attempt is sent a second time. */
export interface HedgeOptions {
  /** How long the first may take before, in milliseconds from 1, below the time of an attempt: the 95th percentile is a good choice. */
  readonly afterMs: number
}

/** What a hedge is made of. */
export interface HedgedAttempt<T> {
  readonly clock: Clock
  readonly afterMs: number
  readonly attempt: Attempt
  /** Sends once; never rejects. */
  send(attempt: Attempt): Promise<Settled<T>>
  /** Whether a second sending is affordable now; takes it out of the budget. */
  mayHedge(): boolean
  /** Called once a hedge was sent and both are decided. */
  onDecided(won: boolean): void
  discard(settled: Settled<T>): void
}

/**
 * Sends, and sends again when the answer takes longer than `afterMs`. Resolves to the first result that needs no retry, else
 * to the last one; the other sending is aborted.
 *
 * @see https://research.google/pubs/the-tail-at-scale/ (hedged requests)
 */
export function runHedged<T>(hedged: HedgedAttempt<T>): Promise<Settled<T>> {
  const { clock, afterMs, attempt } = hedged
  const lanes = [new AbortController(), new AbortController()] as const
  return new Promise((resolve) => {
    let [open, sent, decided] = [0, 0, false]
    const decide = (lane: number, settled: Settled<T>) => {
      open--
      if (decided) return hedged.discard(settled)
      if (settled.verdict.retry !== undefined && open > 0) return hedged.discard(settled)
      decided = true
      timer.cancel()
      lanes[lane === 0 ? 1 : 0].abort()
      if (sent > 1) hedged.onDecided(lane === 1)
      resolve(settled)
    }
    const launch = (lane: 0 | 1, one: Attempt) => {
      open++
      sent++
      void hedged.send({ ...one, signal: lanes[lane].signal }).then((settled) => decide(lane, settled))
    }
    const timer = clock.setTimeout(() => {
      if (hedged.mayHedge()) launch(1, { ...attempt, timeoutMs: attempt.timeoutMs - afterMs, hedge: true })
    }, afterMs)
    launch(0, attempt)
  })
}
