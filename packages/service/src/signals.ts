/** The first parts of a start: settings, and the logger and metrics that depend on them and report on them. */
import { type Config, type ConfigShape, type ConfigValues, type LoadConfigOptions, loadConfig } from '@ops/config'
import { createSecretRegistry, type MetricCatalog } from '@ops/core'
import { createLogger, type LoggerOptions, type OpsLogger } from '@ops/logger'
import { createMetrics, type Metrics } from '@ops/metrics'
import type { ServiceDefinition } from './definition.ts'
import type { SettingsOf } from './ops.ts'
import { type StandardSettings, standardSettings } from './standard-settings.ts'

/** The standard settings by value; those a service declares itself keep name and type. */
export type StandardValues = ConfigValues<StandardSettings>

/** Where settings come from, beyond what the service gives. */
export type SettingsSource = Omit<LoadConfigOptions, 'logger' | 'meter' | 'observe' | 'secrets'>

/** What all other parts are given. */
export interface Signals<S extends ConfigShape, C extends MetricCatalog> {
  readonly config: Config<SettingsOf<S>>
  readonly values: StandardValues
  readonly identity: { readonly version: string; readonly env: string }
  readonly metrics: Metrics<C>
  readonly logger: OpsLogger
}

/** Loads the settings and makes logger and metrics of them; the level follows `LOG_LEVEL`. @throws ConfigInvalidError */
export async function loadSignals<S extends ConfigShape, C extends MetricCatalog>(
  definition: ServiceDefinition<S, C>,
  source: SettingsSource = {},
  logging: Partial<LoggerOptions> = {},
): Promise<Signals<S, C>> {
  const secrets = createSecretRegistry()
  const shape = { ...standardSettings, ...definition.settings }
  let made: ReturnType<typeof createSignals<C>> | undefined
  const config = await loadConfig(shape, {
    dotenv: true,
    ...source,
    secrets,
    observe: (values) => {
      made = createSignals(definition, values as unknown as StandardValues, { secrets, ...logging })
      return { logger: made.logger, meter: made.metrics }
    },
  })
  // loadConfig calls observe before it resolves.
  const signals = made as ReturnType<typeof createSignals<C>>
  config.onChange(['LOG_LEVEL'], ({ after }) => signals.logger.setLevel((after as unknown as StandardValues).LOG_LEVEL))
  return {
    ...signals,
    config: config as unknown as Config<SettingsOf<S>>,
    values: config.current as unknown as StandardValues,
  }
}

function createSignals<C extends MetricCatalog>(
  { name, metrics: catalog }: { readonly name: string; readonly metrics?: C },
  values: StandardValues,
  logging: Partial<LoggerOptions>,
): Pick<Signals<ConfigShape, C>, 'identity' | 'metrics' | 'logger'> {
  const identity = { version: values.SERVICE_VERSION, env: values.SERVICE_ENV ?? values.NODE_ENV }
  const metrics = createMetrics(catalog ?? ({} as C), { service: name, commit: values.SERVICE_COMMIT, ...identity })
  const logger = createLogger({ service: name, level: values.LOG_LEVEL, ...identity, meter: metrics, ...logging })
  return { identity, metrics, logger }
}
