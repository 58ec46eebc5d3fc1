/** Error reports: started where `SENTRY_DSN` says so, and fed by the one logger that every part writes its failures to. */
import type { ConfigShape } from '@ops/config'
import { type MetricCatalog, runInContext } from '@ops/core'
import type { OpsLogger } from '@ops/logger'
import { type Sentry, startSentry } from '@ops/sentry'
import type { Signals } from './signals.ts'

/** Below what a crash grants its flushes, so that a report nobody takes is not also a flush that failed. */
const FLUSH_TIMEOUT_MS = 1500

/** The tracker, and the logger that reports to it. */
export interface ErrorReports {
  readonly sentry: Sentry
  readonly logger: OpsLogger
}

/** Starts reporting; without a DSN the logger stays as it is. @throws TypeError for a malformed DSN, SentrySdkError when the SDK is missing. */
export async function startErrorReports(
  service: string,
  { values, identity, metrics, logger }: Signals<ConfigShape, MetricCatalog>,
): Promise<ErrorReports> {
  const sentry = await startSentry({
    dsn: values.SENTRY_DSN?.reveal(),
    service,
    ...identity,
    scrubber: logger.scrubber,
    meter: metrics,
    logger,
    flushTimeoutMs: FLUSH_TIMEOUT_MS,
  })
  return { sentry, logger: sentry.enabled ? reporting(logger, sentry) : logger }
}

/** The same logger, whose `error` and `fatal` records are reports too; lines below cost what they did. */
function reporting(logger: OpsLogger, sentry: Sentry): OpsLogger {
  const { error, fatal } = sentry.reportErrorsOf(logger)
  return {
    debug: logger.debug,
    info: logger.info,
    warn: logger.warn,
    error,
    fatal,
    // A report tells of the unit it is made in.
    logIn: (context, level, fields, message) =>
      level === 'error' || level === 'fatal'
        ? runInContext(context, () => ({ error, fatal })[level](fields, message))
        : logger.logIn(context, level, fields, message),
    child: (bindings) => reporting(logger.child(bindings), sentry),
    get level() {
      return logger.level
    },
    isLevelEnabled: (level) => logger.isLevelEnabled(level),
    setLevel: (level, options) => logger.setLevel(level, options),
    levels: () => logger.levels(),
    audit: (fields, message) => logger.audit(fields, message),
    scrubber: logger.scrubber,
    get pino() {
      return logger.pino
    },
    flush: () => logger.flush(),
    close: (options) => logger.close(options),
  }
}
