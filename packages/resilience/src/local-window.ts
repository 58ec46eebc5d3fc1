/** What a limiter falls back on: this instance's share of the limit, counted in memory the way Redis would. */
import type { Clock } from '@ops/core'
import { SLICES, sliceMs, type WindowAnswer, type WindowQuestion } from './sliding-window.ts'

/** Keys held at once; beyond it the one unused longest is forgotten. */
const MAX_KEYS = 10_000

/** Windows in memory. */
export interface LocalWindows {
  take(question: WindowQuestion): WindowAnswer
}

/** Creates windows on the monotonic clock, which no operator sets back. */
export function createLocalWindows(clock: Clock): LocalWindows {
  const windows = new Map<string, Map<number, number>>()

  function windowOf(key: string): Map<number, number> {
    const known = windows.get(key) ?? new Map<number, number>()
    windows.delete(key)
    if (windows.size >= MAX_KEYS) windows.delete(windows.keys().next().value as string)
    windows.set(key, known)
    return known
  }

  return {
    take({ key, limit, perMs, cost }) {
      const width = sliceMs(perMs)
      const now = clock.monotonic()
      const current = Math.floor(now / width)
      const held = windowOf(key)
      for (const at of held.keys()) if (at < current - SLICES) held.delete(at)
      const freeIn = (at: number) => (at + SLICES + 1) * width - now
      let used = 0
      for (const count of held.values()) used += count
      if (used + cost <= limit) {
        held.set(current, (held.get(current) ?? 0) + cost)
        return { allowed: true, remaining: limit - used - cost, retryAfterMs: 0, resetMs: freeIn(current) }
      }
      let [retryAfterMs, resetMs, left] = [0, 0, used]
      // Insertion order is the order of time.
      for (const [at, count] of held) {
        resetMs = freeIn(at)
        if (left + cost > limit) retryAfterMs = resetMs
        left -= count
      }
      return { allowed: false, remaining: Math.max(0, limit - used), retryAfterMs, resetMs }
    },
  }
}
