/** OpenTelemetry's three ways to say a time, to and from milliseconds of the monotonic clock. */
import type { HrTime, TimeInput } from '@opentelemetry/api'

/** Monotonic milliseconds of a given time; `offset` is wall minus monotonic, `now` the present. */
export function toMonotonic(time: TimeInput, offset: number, now: number): number {
  if (time instanceof Date) return time.getTime() - offset
  if (typeof time !== 'number') return time[0] * 1000 + time[1] / 1e6 - offset
  // A number up to now on the monotonic clock is a performance.now(); the Unix epoch is long past that.
  return time <= now ? time : time - offset
}

/** Seconds and nanoseconds of a time in milliseconds. */
export function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  const nanos = Math.round((ms - seconds * 1000) * 1e6)
  return nanos >= 1e9 ? [seconds + 1, nanos - 1e9] : [seconds, nanos]
}

/** Tells a time from the attributes that stand in the same place of `addEvent`. */
export function isTimeInput(value: unknown): value is TimeInput {
  if (typeof value === 'number' || value instanceof Date) return true
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number'
}
