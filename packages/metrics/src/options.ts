/** Options of `createMetrics`, with their defaults. */
import { type Clock, type Logger, silentLogger, systemClock } from '@ops/core'

/** What `createMetrics` takes. */
export interface MetricsOptions {
  /** Name of the service, for `service_info`. */
  readonly service: string
  /** Version of the build, for `build_info`. @defaultValue 'unknown' */
  readonly version?: string | undefined
  /** Commit of the build, for `build_info`. @defaultValue 'unknown' */
  readonly commit?: string | undefined
  /** Environment, for `service_info`. @defaultValue 'unknown' */
  readonly env?: string | undefined
  /**
   * Label sets a metric may have beyond the declared and reserved ones; further ones share `__overflow__` series.
   * Integer from 1 to 1_000_000.
   *
   * @defaultValue 2_000
   */
  readonly maxSeriesPerMetric?: number
  /**
   * Values an open label (`'string'`) may have beyond the reserved ones; further ones become `__overflow__`.
   * Integer from 1 to 1_000_000.
   *
   * @defaultValue 500
   */
  readonly maxValuesPerLabel?: number
  /**
   * How long a collector may take at an exposition, in milliseconds from 1; a slower one shows its last values.
   *
   * @defaultValue 500
   */
  readonly collectTimeoutMs?: number
  /**
   * Remember the traces behind histogram observations, at most one a bucket in 10 s. Only OpenMetrics shows them.
   *
   * @defaultValue true
   */
  readonly exemplars?: boolean
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** @defaultValue silent */
  readonly logger?: Logger
}

/** Options with their defaults. */
export type ResolvedOptions = { readonly [K in keyof MetricsOptions]-?: Exclude<MetricsOptions[K], undefined> }

/** Fills in defaults. @throws TypeError or RangeError naming what was given and what is allowed. */
export function resolveOptions(options: MetricsOptions): ResolvedOptions {
  if (typeof options.service !== 'string' || options.service === '') {
    throw new TypeError(`Cannot create metrics: service is ${JSON.stringify(options.service)}, expected a name`)
  }
  const resolved = {
    service: options.service,
    version: options.version ?? 'unknown',
    commit: options.commit ?? 'unknown',
    env: options.env ?? 'unknown',
    maxSeriesPerMetric: options.maxSeriesPerMetric ?? 2000,
    maxValuesPerLabel: options.maxValuesPerLabel ?? 500,
    collectTimeoutMs: options.collectTimeoutMs ?? 500,
    exemplars: options.exemplars ?? true,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  }
  assertInteger('maxSeriesPerMetric', resolved.maxSeriesPerMetric, 1_000_000)
  assertInteger('maxValuesPerLabel', resolved.maxValuesPerLabel, 1_000_000)
  assertInteger('collectTimeoutMs', resolved.collectTimeoutMs, 2_147_483_647)
  return resolved
}

function assertInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`Cannot create metrics: ${name} is ${value}, expected an integer from 1 to ${max}`)
  }
}
