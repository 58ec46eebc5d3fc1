/**
 * Histogram bounds in seconds: at least one, each greater than the one before.
 *
 * @throws RangeError naming the bound that does not rise or is not a finite number above 0.
 * @example
 * histogram('checkout_duration_seconds', { help: 'Duration of checkouts', buckets: seconds(0.05, 0.5, 2, 10) })
 */
export function seconds(first: number, ...more: readonly number[]): readonly number[] {
  const bounds = [first, ...more]
  bounds.forEach((bound, i) => {
    const before = i === 0 ? 0 : (bounds[i - 1] as number)
    if (!Number.isFinite(bound) || bound <= before) {
      throw new RangeError(`Cannot use bucket ${bound}: expected a finite number of seconds above ${before}`)
    }
  })
  return bounds
}
