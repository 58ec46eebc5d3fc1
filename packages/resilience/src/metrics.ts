/** What policies and rate limiters record, declared. */
import {
  type CounterDefinition,
  counter,
  DURATION_BUCKETS,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'
import { TRANSITIONS } from './breaker.ts'

/** How a call of a policy ended. */
export const OUTCOMES = [
  'success',
  'failure',
  'timeout',
  'aborted',
  'circuit_open',
  'bulkhead_full',
  'rate_limited',
] as const
/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number]
/** Decisions of a rate limiter; `_locally` while Redis does not answer, `exempt` without a key. */
export const DECISIONS = ['admitted', 'refused', 'admitted_locally', 'refused_locally', 'exempt'] as const
/** What became of a hedge: its answer was the first good one, or not. */
export const HEDGES = ['won', 'lost'] as const
/** Priorities that a concurrency limit may refuse. */
const REFUSABLE = ['low', 'normal', 'high'] as const

type Policy = { readonly policy: 'string' }

/** What policies and rate limiters record. */
export type ResilienceMetrics = {
  readonly calls: CounterDefinition<Policy & { readonly outcome: typeof OUTCOMES }>
  readonly attemptDuration: HistogramDefinition<Policy>
  readonly retries: CounterDefinition<Policy & { readonly reason: 'string' }>
  readonly budgetExhausted: CounterDefinition<Policy>
  readonly breakerState: GaugeDefinition<Policy>
  readonly breakerTransitions: CounterDefinition<Policy & { readonly state: typeof TRANSITIONS }>
  readonly bulkheadInUse: GaugeDefinition<Policy>
  readonly dependencyUp: GaugeDefinition<{ readonly dependency: 'string' }>
  readonly decisions: CounterDefinition<{ readonly limiter: 'string'; readonly result: typeof DECISIONS }>
  readonly hedges: CounterDefinition<Policy & { readonly result: typeof HEDGES }>
  readonly concurrencyLimit: GaugeDefinition<{ readonly limiter: 'string' }>
  readonly concurrencyInUse: GaugeDefinition<{ readonly limiter: 'string' }>
  readonly concurrencyRefused: CounterDefinition<{ readonly limiter: 'string'; readonly priority: typeof REFUSABLE }>
}

/** Declarations of all metrics of this package. */
export const resilienceMetrics: ResilienceMetrics = defineMetrics({
  calls: counter('resilience_calls_total', {
    help: 'Calls through a policy by outcome, retries not counted apart',
    labels: { policy: 'string', outcome: OUTCOMES },
  }),
  attemptDuration: histogram('resilience_attempt_duration_seconds', {
    help: 'Duration of single attempts through a policy',
    labels: { policy: 'string' },
    buckets: DURATION_BUCKETS,
  }),
  retries: counter('resilience_retries_total', {
    help: 'Retries through a policy by what made them necessary',
    labels: { policy: 'string', reason: 'string' },
  }),
  budgetExhausted: counter('resilience_retry_budget_exhausted_total', {
    help: 'Retries that were not made because the budget was used up',
    labels: { policy: 'string' },
  }),
  breakerState: gauge('breaker_state', {
    help: 'Worst state of the breakers of a policy: 0 closed, 1 half-open, 2 open, 3 isolated',
    labels: { policy: 'string' },
  }),
  breakerTransitions: counter('breaker_transitions_total', {
    help: 'Changes of state of the breakers of a policy by the state they got into: also what is over between two scrapes',
    labels: { policy: 'string', state: TRANSITIONS },
  }),
  bulkheadInUse: gauge('bulkhead_in_use', {
    help: 'Calls that run in a bulkhead right now',
    labels: { policy: 'string' },
  }),
  dependencyUp: gauge('dependency_up', {
    help: 'Whether the last call to a dependency got an answer below 500',
    labels: { dependency: 'string' },
  }),
  decisions: counter('rate_limit_decisions_total', {
    help: 'Decisions of a rate limiter',
    labels: { limiter: 'string', result: DECISIONS },
  }),
  hedges: counter('resilience_hedges_total', {
    help: 'Second sendings of slow attempts by what became of them',
    labels: { policy: 'string', result: HEDGES },
  }),
  concurrencyLimit: gauge('concurrency_limit', {
    help: 'Calls that may run at once, learnt from their latency',
    labels: { limiter: 'string' },
  }),
  concurrencyInUse: gauge('concurrency_in_use', {
    help: 'Calls under a learnt limit that run right now',
    labels: { limiter: 'string' },
  }),
  concurrencyRefused: counter('concurrency_refused_total', {
    help: 'Calls refused because the learnt limit was reached',
    labels: { limiter: 'string', priority: REFUSABLE },
  }),
})
