/**
 * Consistent probability sampling: a trace is in when the last 56 bits of its id are at or above a threshold, so that every
 * service that asks the same question of the same trace gets the same answer, and the threshold says how many traces it stands for.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */

/** 14 lower-case hex digits, compared as text; {@link NEVER} is above all of them. */
export type Threshold = string

/** Every trace is in: weight 1. */
export const ALWAYS: Threshold = '0'.repeat(14)
/** No trace is in. */
export const NEVER: Threshold = 'g'

const DIGITS = 14
const WHOLE = 2 ** 56

/** The threshold that lets `ratio` (0 to 1) of all traces in. */
export function thresholdOf(ratio: number): Threshold {
  if (ratio <= 0) return NEVER
  const rejected = BigInt(Math.round((1 - ratio) * WHOLE))
  return rejected >= BigInt(WHOLE) ? NEVER : rejected.toString(16).padStart(DIGITS, '0')
}

/** The 56 random bits of a trace id. */
export function randomnessOf(traceId: string): string {
  return traceId.slice(-DIGITS)
}

/** The wider of two thresholds: what a trace stands for when either would have kept it. */
export function widest(a: Threshold, b: Threshold): Threshold {
  return a < b ? a : b
}
