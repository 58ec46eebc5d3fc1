export { type Clock, sleep, systemClock, type Timer } from './clock.ts'
export { currentContext, registerContextManager, requireTenant, runInContext } from './current-context.ts'
export { type Duration, parseDuration, tryParseDuration } from './duration.ts'
export { isOpsError, OpsError, type OpsErrorOptions, TenantRequiredError } from './errors.ts'
export {
  formatTraceparent,
  type TraceParent,
  tryParseRequestId,
  tryParseTraceId,
  tryParseTraceparent,
  tryParseTracestate,
} from './headers.ts'
export { createSpanId, createTraceId } from './ids.ts'
export type { Lifecycle } from './lifecycle.ts'
export { LOG_LEVELS, type Logger, type LogLevel, type LogMethod, silentLogger } from './logger.ts'
export {
  type BoundCounter,
  type BoundGauge,
  type BoundHistogram,
  type Counter,
  type Gauge,
  type Histogram,
  type Instruments,
  type Meter,
  noopMeter,
} from './meter.ts'
export {
  type CounterDefinition,
  counter,
  DURATION_BUCKETS,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
  type LabelSpec,
  type LabelsOf,
  type MetricCatalog,
  type MetricDefinition,
  type MetricOptions,
} from './metric.ts'
export { type Random, systemRandom } from './random.ts'
export { createSecretRegistry, type Scrubber, type SecretRegistry } from './secrets.ts'
export {
  contextFragment,
  createContext,
  type Identity,
  type WorkContext,
  type WorkContextFork,
  type WorkContextInit,
} from './work-context.ts'
