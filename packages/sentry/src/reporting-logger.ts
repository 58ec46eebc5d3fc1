import type { Logger, LogMethod } from '@ops/core'
import type { ReportOptions } from './options.ts'

type Report = (error: unknown, options: ReportOptions) => void

/** The error of a record: given alone, or among the fields as `error` or `err`. */
function errorOf(first: object | string): Error | undefined {
  if (first instanceof Error) return first
  if (typeof first === 'string') return undefined
  const { error, err } = first as { readonly error?: unknown; readonly err?: unknown }
  return [error, err].find((value) => value instanceof Error)
}

function reporting(write: LogMethod, level: 'error' | 'fatal', report: Report): LogMethod {
  return (first: object | string, ...rest: readonly unknown[]) => {
    // Whatever more the logger takes (arguments of a format) is passed on.
    ;(write as (...args: readonly unknown[]) => void)(first, ...rest)
    const [message] = rest
    const error = errorOf(first)
    if (error === undefined) return
    const { error: _error, err: _err, ...fields } = first === error ? {} : (first as Record<string, unknown>)
    report(error, { level, fields: message === undefined ? fields : { ...fields, message } })
  }
}

/** A logger that writes to `logger`, and reports the errors in `error` and `fatal` records; children do too. */
export function createReportingLogger(logger: Logger, report: Report): Logger {
  return {
    debug: logger.debug,
    info: logger.info,
    warn: logger.warn,
    error: reporting(logger.error, 'error', report),
    fatal: reporting(logger.fatal, 'fatal', report),
    child: (bindings) => createReportingLogger(logger.child(bindings), report),
    isLevelEnabled: (level) => logger.isLevelEnabled(level),
  }
}
