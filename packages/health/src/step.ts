/** Runs one step of a stop within a time limit, and never rejects: a stop goes on whatever its parts do. */
import type { Clock } from '@ops/core'

/** How a step ended: `cut` when its time was up first. */
export type StepOutcome = 'done' | 'failed' | 'cut'

/** A step of a stop, for the record. */
export interface StepRecord {
  readonly name: string
  readonly outcome: StepOutcome
  readonly durationMs: number
  readonly error?: string
}

/** Runs `run`; the record comes at the latest `limitMs` from now. */
export function runStep(
  name: string,
  run: () => unknown,
  options: { readonly clock: Clock; readonly limitMs: number },
): Promise<StepRecord> {
  const { clock, limitMs } = options
  const startMs = clock.monotonic()
  return new Promise((resolve) => {
    const end = (outcome: StepOutcome, error?: unknown) => {
      timer.cancel()
      const durationMs = Math.round(clock.monotonic() - startMs)
      resolve({ name, outcome, durationMs, ...(error === undefined ? {} : { error: textOf(error) }) })
    }
    const timer = clock.setTimeout(() => end('cut'), Math.max(0, limitMs), { keepAlive: true })
    Promise.resolve()
      .then(run)
      .then(
        () => end('done'),
        (error: unknown) => end('failed', error ?? 'no reason given'),
      )
  })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
