import { type CounterDefinition, counter, defineMetrics, type GaugeDefinition, gauge } from '@ops/core'

/** What flags record. */
export type FlagMetrics = {
  readonly evaluations: CounterDefinition<{ readonly flag: 'string'; readonly result: readonly ['true', 'false'] }>
  readonly age: GaugeDefinition<Record<never, never>>
}

/** Declarations of all metrics of this package. */
export const flagMetrics: FlagMetrics = defineMetrics({
  evaluations: counter('feature_flag_evaluations_total', {
    help: 'Evaluations of feature flags by their result',
    labels: { flag: 'string', result: ['true', 'false'] },
  }),
  age: gauge('feature_flag_state_age_seconds', {
    help: 'Time since the states of the flags were last read from their source',
  }),
})
