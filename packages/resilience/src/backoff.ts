import type { Random } from '@ops/core'

/** How long retries wait. */
export interface BackoffOptions {
  /** Ceiling of the first wait in milliseconds, 0 to 60_000. @defaultValue 50 */
  readonly baseMs?: number
  /** Ceiling of every wait in milliseconds, `baseMs` to 600_000. @defaultValue 2_000 */
  readonly maxMs?: number
}

/**
 * Milliseconds to wait before retry number `retry` (from 1): uniform from 0 to a ceiling that doubles, up to `maxMs`.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (full jitter)
 */
export function backoffMs(retry: number, { baseMs, maxMs }: Required<BackoffOptions>, random: Random): number {
  return random.next() * Math.min(maxMs, baseMs * 2 ** Math.min(retry - 1, 52))
}
