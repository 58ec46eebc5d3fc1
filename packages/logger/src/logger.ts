/** The logger people hold: log methods, children, live levels, the audit stream, and an orderly end. */
import { LOG_LEVELS, type Logger, type LogLevel, type Scrubber } from '@ops/core'
import type { Logger as PinoLogger } from 'pino'
import { createPinoBridge } from './adapters/pino-bridge.ts'
import { type Bindings, createBindings, extendBindings } from './bindings.ts'
import { parseCall } from './call.ts'
import type { LevelOptions, LevelReport } from './levels.ts'
import { assertOptions, type LoggerOptions } from './options.ts'
import { Recorder } from './recorder.ts'
import { scrubberOf } from './scrubber.ts'

/** Writes one record. Fields go under `context`, an error (also as `err` or `error` of the fields) under `error`. Never throws. */
export interface OpsLogMethod {
  (fields: object, message?: string, ...args: readonly unknown[]): void
  (message: string, ...args: readonly unknown[]): void
}

/** A logger. Methods may be taken off it and passed around. */
export interface OpsLogger extends Logger {
  readonly debug: OpsLogMethod
  readonly info: OpsLogMethod
  readonly warn: OpsLogMethod
  readonly error: OpsLogMethod
  readonly fatal: OpsLogMethod
  /** A logger whose records also carry `bindings`; `component` among them is what component levels go by. */
  child(bindings: Readonly<Record<string, unknown>>): OpsLogger
  /** The least level written by this logger outside any tenant's work. */
  readonly level: LogLevel
  /**
   * Changes the level of all loggers of this family at once: the default, or that of a component, a tenant or both.
   * The change and its end are logged.
   *
   * @throws TypeError for an unknown level; RangeError for a `ttlMs` outside 1 to 2_147_483_647 or more than 1000 rules.
   */
  setLevel(level: LogLevel, options?: LevelOptions): void
  /** The levels in force. */
  levels(): LevelReport
  /** Writes to the audit stream: personal names are allowed, secrets are not. Neither level nor sampling applies. */
  audit(fields: object, message: string): void
  /** The policy that lines pass through, for spans and error reports. */
  readonly scrubber: Scrubber
  /** A pino logger whose records take the same path; loads pino when first asked for. */
  readonly pino: PinoLogger
  /** Hands over what is held back, waiting for a slow reader up to 5 seconds. */
  flush(): void
  /** Flushes, stops timers and counting. What is logged later is still written. Resolves within `timeoutMs` (default 2000). */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

const NO_ARGS: readonly unknown[] = []

function createMethod(recorder: Recorder, rank: number, bindings: Bindings): OpsLogMethod {
  const { levels } = recorder
  return function log(first: unknown, second?: unknown): void {
    if (rank < levels.floor) return
    // biome-ignore lint/complexity/noArguments: rest parameters would allocate for every record
    const rest = arguments.length > 2 ? Array.prototype.slice.call(arguments, 2) : NO_ARGS
    recorder.record(rank, bindings, first, second, rest)
  }
}

class BoundLogger implements OpsLogger {
  readonly debug: OpsLogMethod
  readonly info: OpsLogMethod
  readonly warn: OpsLogMethod
  readonly error: OpsLogMethod
  readonly fatal: OpsLogMethod
  readonly #recorder: Recorder
  readonly #bindings: Bindings
  #pino: PinoLogger | undefined

  constructor(recorder: Recorder, bindings: Bindings) {
    this.#recorder = recorder
    this.#bindings = bindings
    this.debug = createMethod(recorder, 0, bindings)
    this.info = createMethod(recorder, 1, bindings)
    this.warn = createMethod(recorder, 2, bindings)
    this.error = createMethod(recorder, 3, bindings)
    this.fatal = createMethod(recorder, 4, bindings)
  }

  get level(): LogLevel {
    return LOG_LEVELS[this.#recorder.levels.rankOf(this.#bindings.component, undefined)] as LogLevel
  }

  get scrubber(): Scrubber {
    return scrubberOf(this.#recorder.policy)
  }

  get pino(): PinoLogger {
    return (this.#pino ??= createPinoBridge(this))
  }

  child(bindings: Readonly<Record<string, unknown>>): OpsLogger {
    return new BoundLogger(this.#recorder, extendBindings(this.#recorder.policy, this.#bindings, bindings))
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.#recorder.isEnabled(LOG_LEVELS.indexOf(level), this.#bindings.component)
  }

  setLevel(level: LogLevel, options?: LevelOptions): void {
    this.#recorder.levels.set(level, options)
  }

  levels(): LevelReport {
    return this.#recorder.levels.report()
  }

  audit(fields: object, message: string): void {
    this.#recorder.audit(this.#bindings, parseCall(fields, message, NO_ARGS))
  }

  flush(): void {
    this.#recorder.flush()
  }

  close({ timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#recorder.close(timeoutMs)
  }
}

/**
 * Creates a logger. Records are redacted in one pass and written at once to `destination` or file descriptor 1, or in
 * batches there; each carries the identity of the unit of work it was written in.
 *
 * @throws TypeError for a missing service, an unknown level or a destination that does not write; RangeError for
 * sampling, recording or batching out of range.
 *
 * @example
 * const logger = createLogger({ service: 'orders', level: 'info' })
 * logger.info({ order_id: 42 }, 'order placed')
 */
export function createLogger(options: LoggerOptions): OpsLogger {
  assertOptions(options)
  const recorder = new Recorder(options, createBindings)
  return new BoundLogger(recorder, recorder.root)
}
