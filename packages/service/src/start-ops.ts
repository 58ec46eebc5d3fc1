/** startOps: builds the parts in the order in which they need each other, and ties their ends to the lifecycle. */
import { type Config, type ConfigShape, type ConfigValues, type LoadConfigOptions, loadConfig } from '@ops/config'
import { createSecretRegistry, type MetricCatalog } from '@ops/core'
import { createHealth, createLifecycle } from '@ops/health'
import { createLogger, type LoggerOptions } from '@ops/logger'
import { collectDefaults, createMetrics } from '@ops/metrics'
import { type OpsPage, type OpsPort, startOpsPort } from '@ops/ops-port'
import { startTracing, type TracingOptions } from '@ops/tracing'
import type { ServiceDefinition } from './definition.ts'
import { createFeatureOf } from './feature-of.ts'
import type { Ops, SettingsOf } from './ops.ts'
import { configPage, logLevelPage } from './ops-pages.ts'
import { type StandardSettings, standardSettings } from './standard-settings.ts'

/** What a start may replace of the defaults. */
export interface RunOptions {
  /** Where settings come from. @defaultValue the environment, `.env` in development, no watching */
  readonly config?: Omit<LoadConfigOptions, 'logger' | 'meter' | 'secrets'>
  /** @defaultValue one line a record on stdout */
  readonly logger?: Partial<Pick<LoggerOptions, 'destination' | 'sample'>>
  /** Which traces are kept. @defaultValue every error, and a share of the rest by environment or `TRACE_SAMPLE_RATIO` */
  readonly sample?: TracingOptions['sample']
  /** More pages on the ops port. @defaultValue none */
  readonly pages?: readonly OpsPage[]
}

/** The standard settings by value; those a service declares itself keep name and type. */
type StandardValues = ConfigValues<StandardSettings>

/** Starts everything below the application. */
export async function startOps<S extends ConfigShape, C extends MetricCatalog>(
  definition: ServiceDefinition<S, C>,
  options: RunOptions = {},
): Promise<Ops<S, C>> {
  const { name } = definition
  const secrets = createSecretRegistry()
  const config = await loadConfig(
    { ...standardSettings, ...definition.settings },
    { dotenv: true, ...options.config, secrets },
  )
  const values = config.current as unknown as StandardValues
  const identity = { version: values.SERVICE_VERSION, env: values.SERVICE_ENV ?? values.NODE_ENV }
  const metrics = createMetrics(definition.metrics ?? ({} as C), {
    service: name,
    commit: values.SERVICE_COMMIT,
    ...identity,
  })
  const logger = createLogger({
    service: name,
    level: values.LOG_LEVEL,
    ...identity,
    secrets,
    meter: metrics,
    ...options.logger,
  })
  const { scrubber } = logger
  config.onChange(['LOG_LEVEL'], ({ after }) => logger.setLevel((after as unknown as StandardValues).LOG_LEVEL))
  collectDefaults(metrics)

  const health = createHealth({
    checks: definition.checks ?? {},
    service: { name, version: identity.version, commit: values.SERVICE_COMMIT },
    meter: metrics,
    logger,
    scrubber,
  })
  const lifecycle = createLifecycle({
    health,
    propagationDelayMs: values.DRAIN_DELAY_MS,
    deadlineMs: values.DRAIN_DEADLINE_MS,
    logger,
    meter: metrics,
  })
  lifecycle.onFlush('logs', () => logger.flush())
  const tracing = startTracing({
    service: name,
    ...identity,
    scrubber,
    meter: metrics,
    logger,
    lifecycle,
    sample: {
      ...(values.TRACE_SAMPLE_RATIO === undefined ? {} : { head: values.TRACE_SAMPLE_RATIO }),
      ...options.sample,
    },
    export: { otlp: values.OTEL_EXPORTER_OTLP_ENDPOINT },
  })
  const pages = [metrics.page(), health.page(), configPage(config), logLevelPage(logger), ...(options.pages ?? [])]
  const opsPort = await lifecycle.phase('ops port', () => startPages(values, pages))
  lifecycle.onClose('ops port', () => opsPort.close())
  lifecycle.onClose('config', () => config.close())
  return {
    config: config as unknown as Config<SettingsOf<S>>,
    logger,
    metrics,
    meter: metrics,
    tracing,
    health,
    lifecycle,
    scrubber,
    feature: createFeatureOf(definition.features),
    port: values.PORT,
    opsPort: opsPort.port,
  }
}

/** Off the main thread everywhere: a probe that only works in production is a probe nobody has tried. */
function startPages(
  { OPS_PORT: port, OPS_HOST: host, OPS_TOKEN }: StandardValues,
  pages: readonly OpsPage[],
): Promise<OpsPort> {
  return startOpsPort({ port, host, pages, ...(OPS_TOKEN === undefined ? {} : { token: OPS_TOKEN.reveal() }) })
}
