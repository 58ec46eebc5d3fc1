/** Settings that every service has, so that operators find the same names everywhere. A service may declare its own in their place. */
import { defineConfig, int, number, oneOf, type SecretSetting, type Setting, secret, setting, url } from '@ops/config'
import { z } from 'zod'

/** The settings of {@link standardSettings}, by type. */
export type StandardSettings = {
  readonly PORT: Setting<number>
  readonly OPS_PORT: Setting<number>
  readonly OPS_HOST: Setting<string>
  readonly OPS_TOKEN: SecretSetting<string | undefined>
  readonly LOG_LEVEL: Setting<'debug' | 'info' | 'warn' | 'error'>
  readonly NODE_ENV: Setting<string>
  readonly SERVICE_ENV: Setting<string | undefined>
  readonly SERVICE_VERSION: Setting<string>
  readonly SERVICE_COMMIT: Setting<string>
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: Setting<string | undefined>
  readonly TRACE_SAMPLE_RATIO: Setting<number | undefined>
  readonly SENTRY_DSN: SecretSetting<string | undefined>
  readonly DRAIN_DELAY_MS: Setting<number>
  readonly DRAIN_DEADLINE_MS: Setting<number>
}

const anyPort = () => int({ min: 0, max: 65_535 })

/** Declarations of the settings every service has. */
export const standardSettings: StandardSettings = defineConfig({
  PORT: setting(anyPort().default(3000), 'Port of the service; 0 takes any free one'),
  OPS_PORT: setting(anyPort().default(9090), 'Port of metrics, probes and operator pages; 0 takes any free one'),
  OPS_HOST: setting(z.string().default('127.0.0.1'), 'Address the ops port listens on; 0.0.0.0 opens it to scrapers'),
  OPS_TOKEN: secret(z.string().min(16).optional(), 'Bearer token for operator pages from other machines'),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', { reload: 'live' }),
  NODE_ENV: setting(z.string().default('development'), 'production switches libraries to their production behaviour'),
  SERVICE_ENV: setting(z.string().optional(), 'Name of the environment; unset takes NODE_ENV'),
  SERVICE_VERSION: setting(z.string().default('0.0.0'), 'Version that is deployed'),
  SERVICE_COMMIT: setting(z.string().default('unknown'), 'Commit that is deployed'),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(url().optional(), 'OTLP endpoint of the trace collector; unset exports nothing'),
  TRACE_SAMPLE_RATIO: setting(
    number({ min: 0, max: 1 }).optional(),
    'Share of traces without errors that is kept; unset follows the environment',
  ),
  SENTRY_DSN: secret(url().optional(), 'Where errors are reported, https://<key>@<host>/<project>; unset reports none'),
  DRAIN_DELAY_MS: setting(
    number({ min: 0 }).default(5000),
    'How long to serve on after readiness is off, in milliseconds',
  ),
  DRAIN_DEADLINE_MS: setting(
    number({ min: 1 }).default(25_000),
    'From the stop signal to cutting what still runs, in milliseconds',
  ),
}) as StandardSettings
