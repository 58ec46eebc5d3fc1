/** The logger people hold: log methods, children, live levels, the audit stream, and an orderly end. */
import { currentContext, LOG_LEVELS, type LogLevel, type Scrubber, type WorkContext } from '@ops/core'
import type { Logger as PinoLogger } from 'pino'
import { createPinoBridge } from './adapters/pino-bridge.ts'
import { type Bindings, createBindings, extendBindings } from './bindings.ts'
import { parseCall } from './call.ts'
import type { LevelOptions, LevelReport } from './levels.ts'
import type { OpsLogger, OpsLogMethod } from './ops-logger.ts'
import { assertOptions, type LoggerOptions } from './options.ts'
import { Recorder } from './recorder.ts'
import { scrubberOf } from './scrubber.ts'

const NO_ARGS: readonly unknown[] = []

function createMethod(recorder: Recorder, rank: number, bindings: Bindings): OpsLogMethod {
  const { levels } = recorder
  return function log(first: unknown, second?: unknown): void {
    if (rank < levels.floor) return
    // biome-ignore lint/complexity/noArguments: rest parameters would allocate for every record
    const rest = arguments.length > 2 ? Array.prototype.slice.call(arguments, 2) : NO_ARGS
    recorder.record(rank, bindings, { first, second, rest }, currentContext())
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

  logIn(context: WorkContext, level: LogLevel, fields: object, message: string): void {
    const rank = LOG_LEVELS.indexOf(level)
    if (rank < this.#recorder.levels.floor) return
    this.#recorder.record(rank, this.#bindings, { first: fields, second: message, rest: NO_ARGS }, context)
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
