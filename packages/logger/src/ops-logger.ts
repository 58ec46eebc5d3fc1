/** The logger as its users see it. */
import type { Logger, LogLevel, Scrubber, WorkContext } from '@ops/core'
import type { Logger as PinoLogger } from 'pino'
import type { LevelOptions, LevelReport } from './levels.ts'

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
  /** Writes one record in the name of `context` rather than of the unit that runs. */
  logIn(context: WorkContext, level: LogLevel, fields: object, message: string): void
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
