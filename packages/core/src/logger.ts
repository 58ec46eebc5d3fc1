/** The logging port: what every package writes to, and what an application may replace. */
import type { WorkContext } from './work-context.ts'

/** Severity, least first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Writes one record: fields (or an error) and a message, or a message alone. Never throws. */
export type LogMethod = {
  (fields: object, message?: string): void
  (message: string): void
}

/** Structured logger. Fields land under `context` of the line, errors under `error`. */
export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  readonly fatal: LogMethod
  /**
   * Writes one record in the name of `context` rather than of the unit that runs. Absent where a logger knows no contexts:
   * enter the context and log.
   */
  readonly logIn?: (context: WorkContext, level: LogLevel, fields: object, message: string) => void
  /** A logger whose lines also carry `bindings`. */
  child(bindings: Readonly<Record<string, unknown>>): Logger
  /** False when a record of this level would be discarded: guard for costly fields. */
  isLevelEnabled(level: LogLevel): boolean
}

/** Discards everything: the default where no logger is given. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  child: () => silentLogger,
  isLevelEnabled: () => false,
}
