import type { Random } from '@ops/core'

/**
 * Wait before the attempt that follows charged failure `failures` (from 1): full jitter over a bound that doubles from `baseMs` to `capMs`.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  failures: number,
  retry: { readonly baseMs: number; readonly capMs: number },
  random: Random,
): number {
  return Math.floor(random.next() * Math.min(retry.capMs, retry.baseMs * 2 ** Math.min(failures - 1, 40)))
}
