/** What a logger is created with. */
import type { Clock, LogLevel, Meter } from '@ops/core'
import type { FlightRecorderOptions } from './flight-recorder.ts'
import type { LogDestination } from './output/destination.ts'
import type { BatchOptions } from './output/fd-output.ts'
import type { RedactionOptions } from './redact/policy.ts'
import type { SampleOptions } from './sampler.ts'

/** Options of `createLogger`. Only `service` is required. */
export interface LoggerOptions extends RedactionOptions {
  /** Name of the service, in every line. */
  readonly service: string
  /** Version or commit, in every line. @defaultValue left out */
  readonly version?: string | undefined
  /** Environment, in every line; `development` on a terminal turns on pretty output. @defaultValue left out */
  readonly env?: string | undefined
  /** Least level that is written. @defaultValue 'info' */
  readonly level?: LogLevel | undefined
  /** Where lines go, one call a line. @defaultValue file descriptor 1 */
  readonly destination?: LogDestination | undefined
  /** Writes lines to file descriptor 1 in batches, flushed when the process ends. @defaultValue each line at once */
  readonly batch?: BatchOptions | undefined
  /** Where audit records go. @defaultValue with the other lines, marked `"stream":"audit"` */
  readonly audit?: LogDestination | undefined
  /** Lines for people instead of JSON. @defaultValue true where `env` is development and standard output a terminal */
  readonly pretty?: boolean | undefined
  /** How many lines of one level and message are written. @defaultValue all */
  readonly sample?: SampleOptions | undefined
  /** Keeps the records a request did not write, and writes them if it fails. @defaultValue off */
  readonly flightRecorder?: FlightRecorderOptions | undefined
  /** Fields added to every record, redacted like the caller's. What it throws becomes a marker. @defaultValue none */
  readonly mixin?: (() => object) | undefined
  /** Where the logger counts. @defaultValue nowhere */
  readonly meter?: Meter | undefined
  /** @defaultValue the system's */
  readonly clock?: Clock | undefined
}

/** @throws TypeError for a missing service or a destination that does not write. */
export function assertOptions(options: LoggerOptions): void {
  if (typeof options.service !== 'string' || options.service === '') {
    throw new TypeError(`Cannot create a logger: service is ${JSON.stringify(options.service)}, expected a name`)
  }
  for (const name of ['destination', 'audit'] as const) {
    const destination = options[name]
    if (destination !== undefined && typeof destination.write !== 'function') {
      throw new TypeError(`Cannot create a logger: ${name} has no write, expected an object with write(line)`)
    }
  }
}
