import type { WindowAnswer } from './sliding-window.ts'

/** Which limit an answer is about. */
export interface LimitPolicy {
  readonly name: string
  readonly limit: number
  readonly perMs: number
}

/**
 * What a client is told: the structured fields `RateLimit-Policy` and `RateLimit` of the present draft, beside the three
 * plain fields of draft 06 that most clients in the field still read, and `Retry-After` when refused.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
export function headersOf(answer: WindowAnswer, { name, limit, perMs }: LimitPolicy): Record<string, string> {
  const seconds = (ms: number) => String(Math.max(0, Math.ceil(ms / 1000)))
  const policy = JSON.stringify(printable(name))
  return {
    'RateLimit-Policy': `${policy};q=${limit};w=${seconds(perMs)}`,
    RateLimit: `${policy};r=${answer.remaining};t=${seconds(answer.resetMs)}`,
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(answer.remaining),
    'RateLimit-Reset': seconds(answer.resetMs),
    ...(answer.allowed ? {} : { 'Retry-After': seconds(Math.max(1, answer.retryAfterMs)) }),
  }
}

/** A string of RFC 9651 holds printable ASCII alone; `JSON.stringify` escapes in it what has to be escaped. */
function printable(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : encodeURIComponent(name.toWellFormed())
}
