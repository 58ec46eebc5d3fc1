/** What the cache records, declared. */
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

const REDIS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const

type Cache = { readonly cache: 'string' }

/** Everything this package records. `cache` is `<cache name>.<definition>`, or the cache's name where it is about all of them. */
export const cacheMetrics: {
  readonly hitRatio: GaugeDefinition<Cache & { readonly tier: readonly ['l1', 'l2', 'all'] }>
  readonly requests: CounterDefinition<
    Cache & { readonly tier: readonly ['l1', 'l2']; readonly result: readonly ['hit', 'stale', 'miss', 'unavailable'] }
  >
  readonly loads: CounterDefinition<Cache & { readonly result: readonly ['ok', 'absent', 'error', 'timeout'] }>
  readonly loadDuration: HistogramDefinition<Cache>
  readonly operationDuration: HistogramDefinition<Cache & { readonly op: 'string'; readonly tier: readonly ['l2'] }>
  readonly fillRejected: CounterDefinition<Cache & { readonly reason: 'string' }>
  readonly invalidations: CounterDefinition<Cache & { readonly scope: readonly ['key', 'tag', 'tenant'] }>
  readonly evictions: CounterDefinition<Cache>
  readonly errors: CounterDefinition<Cache & { readonly op: 'string' }>
  readonly l1Bytes: GaugeDefinition<Cache>
  readonly l1Bypassed: GaugeDefinition<Cache>
  readonly backplaneLag: GaugeDefinition<Cache>
  readonly tenantReads: CounterDefinition<Cache & { readonly tenant: 'string' }>
} = defineMetrics({
  hitRatio: gauge('cache_hit_ratio', {
    help: 'Share of reads answered without a load, over the last minute',
    labels: { cache: 'string', tier: ['l1', 'l2', 'all'] },
  }),
  requests: counter('cache_requests_total', {
    help: 'Reads by tier and outcome',
    labels: { cache: 'string', tier: ['l1', 'l2'], result: ['hit', 'stale', 'miss', 'unavailable'] },
  }),
  loads: counter('cache_loads_total', {
    help: 'Loader runs by key and outcome',
    labels: { cache: 'string', result: ['ok', 'absent', 'error', 'timeout'] },
  }),
  loadDuration: histogram('cache_load_duration_seconds', {
    help: 'Time a loader took',
    labels: { cache: 'string' },
    buckets: DURATION_BUCKETS,
  }),
  operationDuration: histogram('cache_operation_duration_seconds', {
    help: 'Time an operation of the cache in Redis took',
    labels: { cache: 'string', op: 'string', tier: ['l2'] },
    buckets: REDIS_BUCKETS,
  }),
  fillRejected: counter('cache_fill_rejected_total', {
    help: 'Loaded values that were not cached, by reason',
    labels: { cache: 'string', reason: 'string' },
  }),
  invalidations: counter('cache_invalidations_total', {
    help: 'Completed invalidations by scope',
    labels: { cache: 'string', scope: ['key', 'tag', 'tenant'] },
  }),
  evictions: counter('cache_evictions_total', {
    help: 'Entries evicted from the in-process tier to stay within its bytes',
    labels: { cache: 'string' },
  }),
  errors: counter('cache_errors_total', {
    help: 'Failed operations of the cache in Redis',
    labels: { cache: 'string', op: 'string' },
  }),
  l1Bytes: gauge('cache_l1_bytes', { help: 'Bytes held by the in-process tier', labels: { cache: 'string' } }),
  l1Bypassed: gauge('cache_l1_bypassed', {
    help: 'Whether the in-process tier is bypassed, because invalidations may not arrive (1) or not (0)',
    labels: { cache: 'string' },
  }),
  backplaneLag: gauge('cache_backplane_lag_seconds', {
    help: 'Time the last heartbeat took through the backplane',
    labels: { cache: 'string' },
  }),
  tenantReads: counter('cache_tenant_reads_total', {
    help: 'Reads by tenant, where asked for: the busiest by name, the rest as _other',
    labels: { cache: 'string', tenant: 'string' },
  }),
})
