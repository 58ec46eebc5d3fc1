import { inspect } from 'node:util'

/** Milliseconds as a number, or text with units: `'250ms'`, `'30s'`, `'1h30m'`. */
export type Duration = number | string

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g

/** Milliseconds of a {@link Duration}; undefined when it is not one (negative, not finite, no unit, other text). */
export function tryParseDuration(duration: unknown): number | undefined {
  if (typeof duration === 'number') return Number.isFinite(duration) && duration >= 0 ? duration : undefined
  if (typeof duration !== 'string' || duration.length > 64 || !WHOLE.test(duration)) return undefined
  let total = 0
  for (const [, amount, unit] of duration.matchAll(PART)) total += Number(amount) * (UNITS[unit as string] as number)
  // Whole microseconds, so that '1.005s' is 1005 and not 1004.9999999999999.
  return Math.round(total * 1000) / 1000
}

/** Milliseconds of a {@link Duration}. @throws TypeError that names `what`, what was given and what is allowed. */
export function parseDuration(duration: Duration, what: string): number {
  const ms = tryParseDuration(duration)
  if (ms === undefined) {
    throw new TypeError(
      `Cannot use ${what} ${inspect(duration)}: expected milliseconds >= 0 or text such as '30s' or '1h30m'`,
    )
  }
  return ms
}
