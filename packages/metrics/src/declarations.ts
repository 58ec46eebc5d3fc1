/** Core's declarations, here too: an application that exposes metrics also declares some. */
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
} from '@ops/core'
