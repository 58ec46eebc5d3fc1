/** What this package says about itself and about the process it runs in. */
import { type CounterDefinition, counter, defineMetrics, type GaugeDefinition, gauge } from '@ops/core'

/** Why a recording was refused. */
export const RECORD_ERROR_REASONS: readonly ['value', 'label', 'capacity'] = ['value', 'label', 'capacity']
/** One of {@link RECORD_ERROR_REASONS}. */
export type RecordErrorReason = (typeof RECORD_ERROR_REASONS)[number]

/** The metrics every `createMetrics` exposes. */
export const metricsMetrics: {
  readonly recordErrors: CounterDefinition<{ readonly reason: typeof RECORD_ERROR_REASONS }>
  readonly seriesOverflow: CounterDefinition<{ readonly metric: 'string'; readonly label: 'string' }>
  readonly collectorUp: GaugeDefinition<{ readonly collector: 'string' }>
  readonly buildInfo: GaugeDefinition<{ readonly version: 'string'; readonly commit: 'string' }>
  readonly serviceInfo: GaugeDefinition<{ readonly service: 'string'; readonly env: 'string' }>
} = defineMetrics({
  recordErrors: counter('metrics_record_errors_total', {
    help: 'Recordings refused: a value that is no finite number or negative in a counter, a label missing or of a wrong type, shared memory full',
    labels: { reason: RECORD_ERROR_REASONS },
  }),
  seriesOverflow: counter('metrics_series_overflow_total', {
    help: 'Recordings folded into an __overflow__ series, by the label that had too many values',
    labels: { metric: 'string', label: 'string' },
  }),
  collectorUp: gauge('metrics_collector_up', {
    help: '1 when the collector finished in time at the last exposition, 0 when it threw, hung or was slow',
    labels: { collector: 'string' },
  }),
  buildInfo: gauge('build_info', {
    help: 'Always 1; the labels tie a deployment to a commit',
    labels: { version: 'string', commit: 'string' },
  }),
  serviceInfo: gauge('service_info', {
    help: 'Always 1; the labels name the service and where it runs',
    labels: { service: 'string', env: 'string' },
  }),
})
