/** What the queue records, declared. */
import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'

/** Why an attempt failed: a closed set, so that the label stays bounded. */
export const ERROR_TYPES = [
  'timeout',
  'validation',
  'throttled',
  'dependency',
  'permanent',
  'poison',
  'unknown',
] as const
/** One of {@link ERROR_TYPES}. */
export type ErrorType = (typeof ERROR_TYPES)[number]
/** Why a job was handed back uncharged. */
export const RELEASE_REASONS = ['shutdown', 'throttled', 'tenant_cap', 'breaker', 'lock_lost', 'suspect'] as const
/** One of {@link RELEASE_REASONS}. */
export type ReleaseReason = (typeof RELEASE_REASONS)[number]
/** States whose jobs are counted. */
export const QUEUE_STATES = ['waiting', 'active', 'delayed', 'completed', 'dead'] as const

type PerQueue = { readonly queue: 'string' }

/** What this package records. */
export type QueueMetrics = {
  readonly processed: CounterDefinition<PerQueue>
  readonly failed: CounterDefinition<PerQueue & { readonly error_type: typeof ERROR_TYPES }>
  readonly retried: CounterDefinition<PerQueue>
  readonly released: CounterDefinition<PerQueue & { readonly reason: typeof RELEASE_REASONS }>
  readonly dead: CounterDefinition<PerQueue>
  readonly crashed: CounterDefinition<PerQueue>
  readonly exonerated: CounterDefinition<PerQueue>
  readonly duration: HistogramDefinition<PerQueue & { readonly job: 'string' }>
  readonly wait: HistogramDefinition<PerQueue>
  readonly jobs: GaugeDefinition<PerQueue & { readonly state: typeof QUEUE_STATES }>
  readonly oldestAge: GaugeDefinition<PerQueue>
  readonly deadLetters: GaugeDefinition<PerQueue>
  readonly zombies: CounterDefinition<PerQueue>
  readonly lockLost: CounterDefinition<PerQueue>
  readonly breakerState: GaugeDefinition<PerQueue & { readonly error_type: typeof ERROR_TYPES }>
}

const queue = { queue: 'string' } as const
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900]

/** Declarations of all metrics of this package. */
export const queueMetrics: QueueMetrics = defineMetrics({
  processed: counter('worker_jobs_processed_total', { help: 'Attempts that ended, however', labels: queue }),
  failed: counter('worker_jobs_failed_total', {
    help: 'Attempts that failed, by kind of error',
    labels: { ...queue, error_type: ERROR_TYPES },
  }),
  retried: counter('worker_jobs_retried_total', { help: 'Failed attempts that will be tried again', labels: queue }),
  released: counter('worker_jobs_released_total', {
    help: 'Jobs handed back uncharged',
    labels: { ...queue, reason: RELEASE_REASONS },
  }),
  dead: counter('worker_jobs_dead_total', { help: 'Jobs that became dead letters', labels: queue }),
  crashed: counter('worker_jobs_crashed_total', { help: 'Deaths of the process while a job ran alone', labels: queue }),
  exonerated: counter('worker_jobs_exonerated_total', { help: 'Suspects that finished alone', labels: queue }),
  duration: histogram('worker_job_duration_seconds', {
    help: 'Run time of attempts',
    labels: { ...queue, job: 'string' },
    buckets: BUCKETS,
  }),
  wait: histogram('queue_wait_seconds', {
    help: 'From the time a job could run to its start',
    labels: queue,
    buckets: BUCKETS,
  }),
  jobs: gauge('queue_jobs', { help: 'Jobs by state', labels: { ...queue, state: QUEUE_STATES } }),
  oldestAge: gauge('queue_oldest_job_age_seconds', { help: 'Age of the job that has waited longest', labels: queue }),
  deadLetters: gauge('queue_dead_letters', {
    help: 'Dead letters that nobody has redriven or discarded',
    labels: queue,
  }),
  zombies: counter('worker_zombie_handlers_total', {
    help: 'Handlers that ignored their abort; their slot was reopened',
    labels: queue,
  }),
  lockLost: counter('worker_lock_lost_total', { help: 'Jobs whose lock was lost while they ran', labels: queue }),
  breakerState: gauge('queue_breaker_state', {
    help: 'State of the breaker by the class of error it watches: 0 closed, 1 probing, 2 open',
    labels: { ...queue, error_type: ERROR_TYPES },
  }),
})
