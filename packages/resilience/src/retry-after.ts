import type { Clock } from '@ops/core'

/** Milliseconds of a `Retry-After` header: seconds, or an HTTP date; undefined when it is neither. @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
export function tryParseRetryAfter(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const at = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(header) ? Date.parse(header) : NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.now())
}
