import type { ErrorType } from './metrics.ts'

/** Classes of error that may tell of an outage. */
export type OutageType = Extract<ErrorType, 'dependency' | 'timeout' | 'unknown'>

const OUTAGE_TYPES: readonly OutageType[] = ['dependency', 'timeout', 'unknown']

/** Options of a queue's breaker. */
export interface BreakerOptions {
  /**
   * Classes of error that open it, each counted apart. `dependency`: the other side could not be reached. `unknown` is what handlers
   * throw otherwise; add it only where that means an outage, not bad data. @defaultValue ['dependency', 'timeout']
   */
  readonly errorTypes?: readonly OutageType[]
  /** Attempts within the window before it may open, 2 to 100,000; so many may be charged. @defaultValue 20 */
  readonly volume?: number
  /** Share of these that must have failed with one class, above 0, to 1. @defaultValue 0.5 */
  readonly ratio?: number
  /** Window in which attempts are counted, in milliseconds, 100 to 3,600,000. @defaultValue 30_000 */
  readonly windowMs?: number
  /** From opening to the first probe, in milliseconds, 100 to 3,600,000; doubles with each probe that fails. @defaultValue 5_000 */
  readonly openMs?: number
  /** Longest time between probes, in milliseconds, at least `openMs`. @defaultValue 60_000 */
  readonly maxOpenMs?: number
}

/** @throws RangeError naming what is outside its range. Returns the options with their defaults. */
export function resolveBreaker(queue: string, options: BreakerOptions): Required<BreakerOptions> {
  const {
    errorTypes = ['dependency', 'timeout'],
    volume = 20,
    ratio = 0.5,
    windowMs = 30_000,
    openMs = 5_000,
  } = options
  const { maxOpenMs = Math.max(openMs, 60_000) } = options
  assertTypes(queue, errorTypes)
  assertBetween(queue, 'volume', volume, [2, 100_000])
  if (!(ratio > 0 && ratio <= 1)) throw new RangeError(`${head(queue, 'ratio', ratio)} above 0, to 1`)
  assertBetween(queue, 'windowMs', windowMs, [100, 3_600_000])
  assertBetween(queue, 'openMs', openMs, [100, 3_600_000])
  assertBetween(queue, 'maxOpenMs', maxOpenMs, [openMs, 86_400_000])
  return { errorTypes, volume, ratio, windowMs, openMs, maxOpenMs }
}

function assertBetween(queue: string, what: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${head(queue, what, value)} an integer from ${min} to ${max}`)
}

function assertTypes(queue: string, types: readonly string[]): void {
  const wrong = types.find((type) => !(OUTAGE_TYPES as readonly string[]).includes(type))
  if (wrong === undefined && types.length > 0) return
  throw new RangeError(`${head(queue, 'errorTypes', wrong ?? 'empty')} at least one of ${OUTAGE_TYPES.join(', ')}`)
}

function head(queue: string, what: string, value: number | string): string {
  return `Cannot create queue ${queue}: breaker.${what} is ${value}, expected`
}
