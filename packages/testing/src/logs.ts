/** A logger that keeps every line in memory. */
import { LOG_LEVELS, type Logger, type LogLevel, type LogMethod } from '@ops/core'

/** One recorded line. */
export interface LogRecord {
  /** Severity the line was written with. */
  readonly level: LogLevel
  /** The message; the error's where an error stood alone; empty where none was given. */
  readonly message: string
  /** The caller's fields over the bindings of the logger, as given: nothing is redacted or copied deeply. */
  readonly fields: Readonly<Record<string, unknown>>
  /** The error given instead of fields, or among them as `error` or `err`. */
  readonly error: Error | undefined
}

/** A logger and what it wrote. */
export interface LogRecording {
  /** Writes to `records`. */
  readonly logger: Logger
  /** All lines of the logger and its children, oldest first. */
  readonly records: LogRecord[]
}

/**
 * Creates a logger that keeps its lines in memory.
 *
 * @param level lines below it are discarded, as a real logger does.
 */
export function recordLogs(level: LogLevel = 'debug'): LogRecording {
  const records: LogRecord[] = []
  return { logger: createRecordingLogger(records, LOG_LEVELS.indexOf(level), {}), records }
}

function createRecordingLogger(
  records: LogRecord[],
  least: number,
  bindings: Readonly<Record<string, unknown>>,
): Logger {
  const isLevelEnabled = (level: LogLevel) => LOG_LEVELS.indexOf(level) >= least
  const write = (level: LogLevel): LogMethod => {
    return (first: object | string, message?: string) => {
      if (isLevelEnabled(level)) records.push({ level, ...recordOf(first, message, bindings) })
    }
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (more) => createRecordingLogger(records, least, { ...bindings, ...more }),
    isLevelEnabled,
  }
}

function recordOf(first: object | string, message: string | undefined, bindings: object): Omit<LogRecord, 'level'> {
  if (typeof first === 'string') return { message: first, fields: { ...bindings }, error: undefined }
  if (first instanceof Error) return { message: message ?? first.message, fields: { ...bindings }, error: first }
  const own = first as { readonly error?: unknown; readonly err?: unknown }
  const error = [own.error, own.err].find((value) => value instanceof Error)
  return { message: message ?? '', fields: { ...bindings, ...first }, error }
}
