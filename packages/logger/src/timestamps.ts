import type { Clock } from '@ops/core'

const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`)

/** Renders wall time as ISO-8601 in UTC with milliseconds; the part down to the second is kept for a second. */
export function createTimestamps(clock: Clock): () => string {
  let second = Number.NaN
  let head = ''
  return () => {
    const now = Math.trunc(clock.now())
    const ms = ((now % 1000) + 1000) % 1000
    if (now - ms !== second) {
      second = now - ms
      head = new Date(second).toISOString().slice(0, 20)
    }
    return head + MILLISECONDS[ms]
  }
}
