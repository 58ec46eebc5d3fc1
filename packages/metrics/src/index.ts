export { seconds } from './buckets.ts'
export { llmMetrics, storageMetrics } from './catalogs.ts'
export { aggregateCluster } from './cluster.ts'
export type { CollectorOptions } from './collectors.ts'
export { createMetrics, type Metrics, type MetricsControl, type ServeOptions } from './create-metrics.ts'
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
} from './declarations.ts'
export { defaultMetrics } from './defaults/catalog.ts'
export type { WatchedCertificate } from './defaults/certificates.ts'
export { collectDefaults, type DefaultsOptions } from './defaults/collect-defaults.ts'
export { metricsMetrics } from './metrics.ts'
export { CONTENT_TYPES, type ExpositionFormat, negotiateFormat } from './negotiate.ts'
export type { MetricsOptions } from './options.ts'
export type { PromMetric, PromRegistry, PromValue } from './prom-registry.ts'
export { aggregateThreads } from './threads.ts'
