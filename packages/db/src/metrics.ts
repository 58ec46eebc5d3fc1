import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'
import { OPERATIONS, type Operation } from './operation.ts'

/** What failed: getting a connection, a statement, or a connection nobody was using. */
const FAILURES = ['connect', 'query', 'idle'] as const

/** Every metric of the package. `db` is the `name` given to `observePool`. */
export const dbMetrics: {
  readonly queryDuration: HistogramDefinition<{ readonly db: 'string'; readonly operation: readonly Operation[] }>
  readonly errors: CounterDefinition<{ readonly db: 'string'; readonly kind: readonly ['connect', 'query', 'idle'] }>
  readonly active: GaugeDefinition<{ readonly db: 'string' }>
  readonly max: GaugeDefinition<{ readonly db: 'string' }>
  readonly waiting: GaugeDefinition<{ readonly db: 'string' }>
} = defineMetrics({
  queryDuration: histogram('db_query_duration_seconds', {
    help: 'Duration of database statements from dispatch on a connection to their result',
    labels: { db: 'string', operation: OPERATIONS },
  }),
  errors: counter('db_errors_total', {
    help: 'Failures of the database: no connection got, statement failed, idle connection lost',
    labels: { db: 'string', kind: FAILURES },
  }),
  active: gauge('db_connections_active', { help: 'Connections checked out of the pool', labels: { db: 'string' } }),
  max: gauge('db_connections_max', { help: 'Connections the pool may open', labels: { db: 'string' } }),
  waiting: gauge('db_connections_waiting', { help: 'Callers that wait for a connection', labels: { db: 'string' } }),
})
