/** Decides what is reported, and when it is delivered; the SDK only carries it. */
import { type Counter, noopMeter, silentLogger, systemClock } from '@ops/core'
import { isExpectedError } from './expected.ts'
import { type Outcome, sentryMetrics } from './metrics.ts'
import { assertOptions, type ReportOptions, type Sentry, type StartSentryOptions } from './options.ts'
import { createReportCap, fingerprintOf, type ReportCap } from './report-cap.ts'
import { createReportingLogger } from './reporting-logger.ts'
import { loadClient, type ReportClient } from './sdk-client.ts'

const off: Sentry = {
  enabled: false,
  report: () => undefined,
  reportErrorsOf: (logger) => logger,
  flush: async () => true,
  close: async () => {},
}

class ErrorReporter {
  readonly #client: ReportClient
  readonly #cap: ReportCap
  readonly #count: (outcome: Outcome) => void
  /** One fault passes several places that report: where it happened, where it was logged, where it ended the process. */
  readonly #seen = new WeakSet<object>()

  constructor(client: ReportClient, cap: ReportCap, count: (outcome: Outcome) => void) {
    this.#client = client
    this.#cap = cap
    this.#count = count
  }

  report(error: unknown, options: ReportOptions, handled: boolean): string | undefined {
    try {
      const refusal = this.#refusal(error)
      if (refusal !== undefined) {
        this.#count(refusal)
        return undefined
      }
      const { allowed, suppressed } = this.#cap.take(fingerprintOf(error))
      if (allowed) return this.#client.send(error, options, handled, suppressed)
      this.#count('capped')
    } catch {
      this.#count('dropped')
    }
    return undefined
  }

  #refusal(error: unknown): Outcome | undefined {
    if (isExpectedError(error)) return 'expected'
    if (typeof error !== 'object' || error === null) return undefined
    if (this.#seen.has(error)) return 'duplicate'
    this.#seen.add(error)
    return undefined
  }
}

/** Tells once that delivery fails, and once that it works again. */
function createDeliveryLog({
  logger = silentLogger,
}: StartSentryOptions): (outcome: Outcome, reason?: unknown) => void {
  let failing = false
  return (outcome, reason) => {
    if (outcome === 'sent') {
      if (failing) logger.info('error reports are delivered again')
      failing = false
    } else if (!failing) {
      failing = true
      const error = reason instanceof Error ? reason : undefined
      logger.warn(
        { outcome, ...(error === undefined ? { status: reason } : { error }) },
        'error reports are not delivered',
      )
    }
  }
}

function createCount(reports: Counter<typeof sentryMetrics.reports.labels>): (outcome: Outcome) => void {
  const bound = new Map<Outcome, { inc(): void }>()
  return (outcome) => {
    try {
      if (!bound.has(outcome)) bound.set(outcome, reports.bind({ outcome }))
      bound.get(outcome)?.inc()
    } catch {
      // A meter that throws has broken its own contract; reports go on.
    }
  }
}

/**
 * Starts reporting errors to Sentry: those given to `report`, those a wrapped logger writes, and what ends the process.
 * Expected errors are left out, one fault is reported at most `maxPerMinute` times a minute, and everything is scrubbed.
 * Uses a client of its own: the SDK's global state, context store and OpenTelemetry stay untouched. Without a DSN nothing is loaded.
 *
 * @throws TypeError or RangeError when an option is outside its range.
 * @throws SentrySdkError (`OPS_SENTRY_SDK`) when a DSN is set and `@sentry/node` does not load.
 * @example
 * const sentry = await startSentry({ dsn: env.SENTRY_DSN, service: 'orders', version: '1.4.2', env: 'production', scrubber })
 * sentry.report(error)
 */
export async function startSentry(options: StartSentryOptions): Promise<Sentry> {
  assertOptions(options)
  if (!options.dsn) return off
  const { meter = noopMeter, clock = systemClock, lifecycle, maxPerMinute = 10, flushTimeoutMs = 2000 } = options
  const count = createCount(meter.instruments(sentryMetrics).reports)
  const tell = createDeliveryLog(options)
  const client = await loadClient(options, (outcome, reason) => {
    count(outcome)
    tell(outcome, reason)
  })
  const reporter = new ErrorReporter(client, createReportCap(maxPerMinute, clock), count)
  // A monitor, not a handler: whether the process ends is not ours to say.
  const onCrash = (error: unknown) => void reporter.report(error, { level: 'fatal' }, false)
  process.on('uncaughtExceptionMonitor', onCrash)
  const sentry: Sentry = {
    enabled: true,
    report: (error, report = {}) => reporter.report(error, report, true),
    reportErrorsOf: (logger) => createReportingLogger(logger, (error, report) => reporter.report(error, report, true)),
    flush: () => client.flush(flushTimeoutMs).catch(() => false),
    close: async () => {
      process.off('uncaughtExceptionMonitor', onCrash)
      await client.close(flushTimeoutMs).catch(() => {})
    },
  }
  lifecycle?.onFlush('sentry', async () => void (await sentry.flush()))
  return sentry
}
