/** Options of startSentry, with their checks, and what it returns. */
import type { Clock, Lifecycle, Logger, Meter, Scrubber } from '@ops/core'

/** How reporting is started. */
export interface StartSentryOptions {
  /** Where reports go, `https://<key>@<host>/<project>`. Absent or empty: reporting is off and nothing is loaded. @defaultValue none */
  readonly dsn?: string | undefined
  /** The service's name: part of the release, and a tag. 1 to 100 characters. */
  readonly service: string
  /** The service's version: the release is `<service>@<version>`. 1 to 100 characters. */
  readonly version: string
  /** The environment, such as `production`. 1 to 64 characters. */
  readonly env: string
  /**
   * What every text passes before it leaves the process. Without one no free text leaves at all: reports carry types, codes,
   * stack frames and identifiers, but no messages and no fields.
   *
   * @defaultValue none
   */
  readonly scrubber?: Scrubber | undefined
  /** Where the metrics go. @defaultValue one that records nothing */
  readonly meter?: Meter | undefined
  /** Where failing delivery is told. @defaultValue silent */
  readonly logger?: Logger | undefined
  /** Delivers what is queued on drain and crash. @defaultValue none: call `flush` before the process ends */
  readonly lifecycle?: Lifecycle | undefined
  /** Reports of one fingerprint (type, code and place) per minute; the rest are counted. Integer from 1 to 10_000. @defaultValue 10 */
  readonly maxPerMinute?: number
  /** Longest wait of a flush, in milliseconds. Integer from 1 to 60_000. @defaultValue 2000 */
  readonly flushTimeoutMs?: number
  /** Source of the cap's minutes. @defaultValue the system's */
  readonly clock?: Clock
}

/** What a report says besides the error. */
export interface ReportOptions {
  /** How bad it is. @defaultValue 'error' */
  readonly level?: 'warning' | 'error' | 'fatal'
  /** More about it; scrubbed, left out without a scrubber. @defaultValue none */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Reporting that was started. Nothing here throws. */
export interface Sentry {
  /** False without a DSN. */
  readonly enabled: boolean
  /**
   * Queues a report of `error` with trace, tenant and user of the running unit of work. Returns the event's id; undefined when
   * reporting is off, the error is expected, was reported before, or its fingerprint is over the cap.
   */
  report(error: unknown, options?: ReportOptions): string | undefined
  /** A logger like `logger` that also reports the errors in its `error` and `fatal` records. */
  reportErrorsOf(logger: Logger): Logger
  /** Delivers what is queued; false when it was not all delivered within the time. */
  flush(): Promise<boolean>
  /** Flushes, then takes every hook off the process. */
  close(): Promise<void>
}

const DSN = /^https?:\/\/[^@/:\s]+(?::[^@/\s]*)?@[^@/\s]+(?:\/[^\s?#]*)?\/\d+$/

/** @throws TypeError or RangeError naming the option and what is allowed. */
export function assertOptions(options: StartSentryOptions): void {
  assertText('service', options.service, 100)
  assertText('version', options.version, 100)
  assertText('env', options.env, 64)
  assertInteger('maxPerMinute', options.maxPerMinute ?? 10, 10_000)
  assertInteger('flushTimeoutMs', options.flushTimeoutMs ?? 2000, 60_000)
  // A DSN holds a key: it is not echoed.
  if (options.dsn && !DSN.test(options.dsn)) {
    throw new TypeError('Cannot start Sentry: the dsn is malformed, expected https://<key>@<host>/<project number>')
  }
}

function assertText(name: string, value: unknown, maxLength: number): void {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxLength) return
  throw new TypeError(`Cannot start Sentry: ${name} is ${JSON.stringify(value)}, expected 1 to ${maxLength} characters`)
}

function assertInteger(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  throw new RangeError(`Cannot start Sentry: ${name} is ${value}, expected an integer from 1 to ${max}`)
}
