import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'

/** Everything this package records. */
export const redisMetrics: {
  readonly up: GaugeDefinition<{ readonly client: 'string' }>
  readonly duration: HistogramDefinition<{
    readonly client: 'string'
    readonly command: 'string'
    readonly result: readonly ['ok', 'error']
  }>
  readonly disconnects: CounterDefinition<{ readonly client: 'string' }>
} = defineMetrics({
  up: gauge('redis_up', {
    help: 'Whether the connection is ready (1) or not (0)',
    labels: { client: 'string' },
  }),
  duration: histogram('redis_command_duration_seconds', {
    help: 'Time from sending a Redis command to its reply or failure',
    labels: { client: 'string', command: 'string', result: ['ok', 'error'] },
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
  }),
  disconnects: counter('redis_disconnects_total', {
    help: 'Connections that were lost',
    labels: { client: 'string' },
  }),
})
