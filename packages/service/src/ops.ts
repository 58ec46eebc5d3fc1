/** The running parts of a service, as the application gets them. */
import type { Config, ConfigShape } from '@ops/config'
import type { Meter, MetricCatalog, Scrubber } from '@ops/core'
import type { Health, ProcessLifecycle } from '@ops/health'
import type { OpsLogger } from '@ops/logger'
import type { Metrics } from '@ops/metrics'
import type { Sentry } from '@ops/sentry'
import type { Tracing } from '@ops/tracing'
import type { DeclaredFlag, FeatureFlags, FeatureFlagsOptions } from './feature-flags.ts'
import type { Requests } from './requests.ts'
import type { StandardSettings } from './standard-settings.ts'

/** What a declared setting overrides of the standard ones. */
export type SettingsOf<S extends ConfigShape> = Omit<StandardSettings, keyof S> & S

/** The parts, ready to use. */
export interface Ops<S extends ConfigShape = ConfigShape, C extends MetricCatalog = MetricCatalog> extends Requests {
  readonly config: Config<SettingsOf<S>>
  readonly logger: OpsLogger
  /** The instruments of the declared catalogue. */
  readonly metrics: Metrics<C>
  /** The same, as the port that other packages take. */
  readonly meter: Meter
  readonly tracing: Tracing
  /** Reports errors that are neither logged nor thrown; what `logger` writes as `error` or `fatal` is reported already. */
  readonly sentry: Sentry
  readonly health: Health
  readonly lifecycle: ProcessLifecycle
  /** The policy that everything leaving the process passes. */
  readonly scrubber: Scrubber
  /** Starts feature flags declared with `@ops/flags`, to be installed beside: their states are in Redis, `ENABLE_FEATURE_FLAGS` is their switch. */
  startFlags<Name extends string>(
    catalog: Readonly<Record<Name, DeclaredFlag>>,
    options: FeatureFlagsOptions,
  ): Promise<FeatureFlags<Name>>
  /** Feature of a route template. */
  readonly feature: (route: string) => string
  /** The port the service is to listen on. */
  readonly port: number
  /** The port metrics and probes are served on; the one chosen by the system where `OPS_PORT` is 0. */
  readonly opsPort: number
}
