import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/metrics'

/** What the threads and processes of the aggregation tests record. */
export const catalog: {
  readonly jobs: CounterDefinition<{ readonly kind: 'string' }>
  readonly load: GaugeDefinition<Record<never, never>>
  readonly duration: HistogramDefinition<Record<never, never>>
} = defineMetrics({
  jobs: counter('jobs_total', { help: 'Jobs', labels: { kind: 'string' } }),
  load: gauge('jobs_running', { help: 'Jobs that run' }),
  duration: histogram('job_duration_seconds', { help: 'Jobs', buckets: [0.5, 2] }),
})
