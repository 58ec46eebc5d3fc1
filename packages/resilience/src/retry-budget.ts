/** The retry budget: what keeps retries a fraction of the load, however many calls fail at once. */
import { type Clock, systemClock } from '@ops/core'
import { assertNumber } from './assert.ts'

/** How many retries a budget allows. */
export interface RetryBudgetOptions {
  /** Retries for each call of the last 10 seconds, 0 to 1. @defaultValue 0.2 */
  readonly ratio?: number
  /** Retries a second, on average over 10, that are always allowed, so that rare calls may retry too; 0 to 1_000. @defaultValue 3 */
  readonly minPerSecond?: number
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/**
 * Counts calls and retries; policies that share one share the allowance.
 * In the 10 seconds up to any retry: retries <= `ratio` x calls, or `minPerSecond` x 10 where that is more.
 */
export interface RetryBudget {
  /** Counts a call's first attempt. */
  recordCall(): void
  /** Takes a retry out of the budget, before its backoff. False when there is none left. */
  tryWithdraw(): boolean
}

const SECONDS = 10

/** Creates a budget. @throws RangeError for a ratio or minimum out of range. */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const { ratio = 0.2, minPerSecond = 3, clock = systemClock } = options
  assertNumber('a retry budget', 'ratio', ratio, 0, 1)
  assertNumber('a retry budget', 'minPerSecond', minPerSecond, 0, 1_000)
  const calls = new Array<number>(SECONDS).fill(0)
  const retries = new Array<number>(SECONDS).fill(0)
  let [allCalls, allRetries, second] = [0, 0, 0]

  function currentSlot(): number {
    const now = Math.floor(clock.monotonic() / 1000)
    for (let gone = Math.max(second + 1, now - SECONDS + 1); gone <= now; gone++) {
      const at = gone % SECONDS
      allCalls -= calls[at] as number
      allRetries -= retries[at] as number
      calls[at] = retries[at] = 0
    }
    second = now
    return now % SECONDS
  }

  return {
    recordCall() {
      const at = currentSlot()
      calls[at] = (calls[at] as number) + 1
      allCalls++
    },
    tryWithdraw() {
      const at = currentSlot()
      const allowed = allRetries + 1 <= Math.max(ratio * allCalls, minPerSecond * SECONDS)
      if (!allowed) return false
      retries[at] = (retries[at] as number) + 1
      allRetries++
      return true
    },
  }
}
