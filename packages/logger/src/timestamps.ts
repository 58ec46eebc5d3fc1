import type { Clock } from '@ops/core'

const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`)

/** Renders wall time as ISO-8601 in UTC with milliseconds; the text is kept for its millisecond, the part down to the second for its second. */
export function createTimestamps(clock: Clock): () => string {
  let second = Number.NaN
  let head = ''
  let last = Number.NaN
  let text = ''
  return () => {
    const now = Math.trunc(clock.now())
    if (now === last) return text
    last = now
    const ms = ((now % 1000) + 1000) % 1000
    if (now - ms !== second) {
      second = now - ms
      head = new Date(second).toISOString().slice(0, 20)
    }
    text = head + MILLISECONDS[ms]
    return text
  }
}
