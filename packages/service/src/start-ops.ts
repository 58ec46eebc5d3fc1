/** startOps: builds the parts in the order in which they need each other, and ties their ends to the lifecycle. */
import type { ConfigShape } from '@ops/config'
import type { MetricCatalog } from '@ops/core'
import { createHealth, createLifecycle, type Health, type ProcessLifecycle } from '@ops/health'
import type { LoggerOptions } from '@ops/logger'
import { collectDefaults } from '@ops/metrics'
import { type OpsPage, type OpsPort, startOpsPort } from '@ops/ops-port'
import { startTracing, type Tracing, type TracingOptions } from '@ops/tracing'
import type { ServiceDefinition } from './definition.ts'
import { startErrorReports } from './error-reports.ts'
import { startFlags } from './feature-flags.ts'
import { createFeatureOf } from './feature-of.ts'
import type { Ops } from './ops.ts'
import { configPage, logLevelPage } from './ops-pages.ts'
import { createRequests, type Requests, type RequestsOptions } from './requests.ts'
import { loadSignals, type SettingsSource, type Signals, type StandardValues } from './signals.ts'

/** What a start may replace of the defaults. */
export interface RunOptions {
  /** Where settings come from. @defaultValue the environment, `.env` in development, no watching */
  readonly config?: SettingsSource
  /** `destination`, `sample`, `batch`, `flightRecorder` of the logger. @defaultValue one line a record on stdout */
  readonly logger?: Partial<Pick<LoggerOptions, 'destination' | 'sample' | 'batch' | 'flightRecorder'>>
  /** Which traces are kept. @defaultValue every error, and a share of the rest by environment or `TRACE_SAMPLE_RATIO` */
  readonly sample?: TracingOptions['sample']
  /** How requests are taken in: `trust`, `priority`, `concurrency`, `timeoutHeader`. @defaultValue private peers are trusted, all requests alike, no limit at once */
  readonly requests?: RequestsOptions
  /** More pages on the ops port. @defaultValue none */
  readonly pages?: readonly OpsPage[]
}

type AnySignals = Signals<ConfigShape, MetricCatalog>

/** Starts everything below the application. */
export async function startOps<S extends ConfigShape, C extends MetricCatalog>(
  definition: ServiceDefinition<S, C>,
  options: RunOptions = {},
): Promise<Ops<S, C>> {
  const signals = await loadSignals(definition, options.config, options.logger)
  const { config, values, metrics } = signals
  const { sentry, logger } = await startErrorReports(definition.name, signals as unknown as AnySignals)
  const plain = { ...signals, logger } as unknown as AnySignals
  collectDefaults(metrics)
  const health = startHealth(definition, plain)
  const lifecycle = startLifecycle(health, plain)
  lifecycle.onFlush('logs', () => logger.flush())
  lifecycle.onFlush('error reports', async () => void (await sentry.flush()))
  const tracing = traceBy(definition.name, { lifecycle, sample: options.sample }, plain)
  const settings = () => config.current as Readonly<Record<string, unknown>>
  const ports = { service: definition.name, settings, health, meter: metrics, logger, lifecycle }
  const requests = await createRequests(options.requests ?? {}, ports)
  const pages = [metrics.page(), health.page(), configPage(config), logLevelPage(logger), ...(options.pages ?? [])]
  const opsPort = await lifecycle.phase('ops port', () => startPages(values, pages))
  lifecycle.onClose('ops port', () => opsPort.close())
  lifecycle.onClose('config', () => config.close())
  // On top of it, not spread: the limiter comes later.
  return Object.assign(requests, {
    config,
    logger,
    metrics,
    meter: metrics,
    tracing,
    sentry,
    health,
    lifecycle,
    scrubber: logger.scrubber,
    feature: createFeatureOf(definition.features),
    port: values.PORT,
    opsPort: opsPort.port,
    startFlags: (catalog, flags) => startFlags(catalog, flags, ports),
  } satisfies Omit<Ops<S, C>, keyof Requests>)
}

function startHealth(
  { name, checks = {}, groups = {} }: Pick<ServiceDefinition<ConfigShape, MetricCatalog>, 'name' | 'checks' | 'groups'>,
  { identity, values, metrics, logger }: AnySignals,
): Health {
  const service = { name, version: identity.version, commit: values.SERVICE_COMMIT }
  return createHealth({ checks, groups, service, meter: metrics, logger, scrubber: logger.scrubber })
}

function startLifecycle(health: Health, { values, logger, metrics }: AnySignals): ProcessLifecycle {
  const { DRAIN_DELAY_MS: propagationDelayMs, DRAIN_DEADLINE_MS: deadlineMs } = values
  return createLifecycle({ health, propagationDelayMs, deadlineMs, logger, meter: metrics })
}

function traceBy(
  service: string,
  { lifecycle, sample }: { lifecycle: ProcessLifecycle; sample: TracingOptions['sample'] },
  { identity, values, metrics, logger }: AnySignals,
): Tracing {
  const { TRACE_SAMPLE_RATIO: head, OTEL_EXPORTER_OTLP_ENDPOINT: otlp } = values
  return startTracing({
    service,
    ...identity,
    scrubber: logger.scrubber,
    meter: metrics,
    logger,
    lifecycle,
    sample: { ...(head === undefined ? {} : { head }), ...sample },
    export: { otlp },
  })
}

/** Off the main thread everywhere: a probe that only works in production is a probe nobody has tried. */
function startPages(values: StandardValues, pages: readonly OpsPage[]): Promise<OpsPort> {
  const { OPS_PORT: port, OPS_HOST: host, OPS_TOKEN: token } = values
  return startOpsPort({ port, host, pages, ...(token === undefined ? {} : { token: token.reveal() }) })
}
