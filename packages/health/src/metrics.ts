/** The metric catalogues of the package. */
import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'

/** What @ops/health records. */
export const healthMetrics: {
  readonly checkUp: GaugeDefinition<{ readonly check: 'string' }>
  readonly checkDuration: HistogramDefinition<{ readonly check: 'string' }>
  readonly checkRuns: CounterDefinition<{
    readonly check: 'string'
    readonly outcome: readonly ['ok', 'failed', 'timeout', 'stuck', 'stale']
  }>
  readonly ready: GaugeDefinition<Record<never, never>>
  readonly overloadLevel: GaugeDefinition<Record<never, never>>
  readonly shed: CounterDefinition<{ readonly priority: readonly ['low', 'normal', 'high'] }>
} = defineMetrics({
  checkUp: gauge('health_check_up', {
    help: '1 when the check is up, 0 when it is down or unknown',
    labels: { check: 'string' },
  }),
  checkDuration: histogram('health_check_duration_seconds', {
    help: 'Duration of check runs; one that timed out counts with its timeout',
    labels: { check: 'string' },
  }),
  checkRuns: counter('health_check_runs_total', {
    help: 'Check results by outcome',
    labels: { check: 'string', outcome: ['ok', 'failed', 'timeout', 'stuck', 'stale'] },
  }),
  ready: gauge('service_ready', { help: '1 while the replica takes traffic' }),
  overloadLevel: gauge('service_overload_level', { help: '0 when not overloaded, else how many priorities are shed' }),
  shed: counter('service_requests_shed_total', {
    help: 'Requests refused because of overload',
    labels: { priority: ['low', 'normal', 'high'] },
  }),
})

/** What a lifecycle records. */
export const lifecycleMetrics: {
  readonly draining: GaugeDefinition<Record<never, never>>
  readonly inFlight: GaugeDefinition<Record<never, never>>
  readonly connections: GaugeDefinition<Record<never, never>>
  readonly cut: CounterDefinition<Record<never, never>>
  readonly step: GaugeDefinition<{ readonly step: 'string' }>
  readonly crashes: CounterDefinition<{ readonly kind: readonly ['uncaughtException', 'unhandledRejection'] }>
} = defineMetrics({
  draining: gauge('service_draining', { help: '1 from the first stop signal on' }),
  inFlight: gauge('drain_requests_in_flight', { help: 'HTTP requests in flight while the process drains' }),
  connections: gauge('drain_connections_open', { help: 'Connections still open while the process drains' }),
  cut: counter('drain_requests_cut_total', { help: 'Requests cut off because the drain deadline passed' }),
  step: gauge('drain_step_duration_seconds', {
    help: 'Duration of each finished step of the stop',
    labels: { step: 'string' },
  }),
  crashes: counter('process_crashes_total', {
    help: 'Errors that ended the process',
    labels: { kind: ['uncaughtException', 'unhandledRejection'] },
  }),
})
