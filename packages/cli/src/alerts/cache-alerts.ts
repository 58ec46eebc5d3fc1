/** Alerts on declared caches, where @ops/cache records them: answering too little, failing loads, invalidations late, Redis away. */
import type { DeclaredCache } from '@ops/service'
import type { Subject } from '../subject.ts'
import { type Alert, camelCase, select } from './alert.ts'
import { type LevelAlertOptions, levelAlert, seriesOf, targetLabels } from './level-alert.ts'
import { proveLevel } from './proof.ts'
import { FEWEST_ALL, proveShare, shareExceeded } from './share.ts'

const REQUESTS = 'cache_requests_total'
const LOADS = 'cache_loads_total'
const BYPASSED = 'cache_l1_bypassed'
const LAG = 'cache_backplane_lag_seconds'
const FAILING_LOADS = 0.05
const UNAVAILABLE = 0.05
/** A third of the time after which the in-process tier is bypassed by default. */
const LAG_SECONDS = 1

/** None without declared caches. */
export function cacheAlerts(subject: Subject): readonly Alert[] {
  const { caches = [] } = subject.definition
  if (caches.length === 0 || !subject.metrics.has(REQUESTS)) return []
  return [
    ...caches.flatMap((cache) => [...hitRatio(subject, cache), failingLoads(subject, cache)]),
    unavailable(subject),
    bypassed(subject),
    lagging(subject),
  ]
}

/** From counters over all replicas: the gauge `cache_hit_ratio` knows one replica and one minute. */
function hitRatio(subject: Subject, { name: cache, minHitRatio }: DeclaredCache): readonly Alert[] {
  if (minHitRatio === undefined) return []
  const hits = select(subject, REQUESTS, { cache }, ['result=~"hit|stale"'])
  // Every read asks the in-process tier first, also where there is none.
  const reads = select(subject, REQUESTS, { cache, tier: 'l1' })
  const ratio = `(sum(rate(${hits}[15m])) or vector(0)) / sum(rate(${reads}[15m]))`
  const alert = cacheAlert({
    name: `${camelCase(cache)}CacheHitRatioLow`,
    expr: `${ratio} < ${minHitRatio}\nand\nsum(increase(${reads}[15m])) > ${FEWEST_ALL}`,
    forMinutes: 10,
    summary: `Fewer than ${percent(minHitRatio)} of the reads of cache ${cache} are answered without a load`,
    guidance: {
      symptoms: 'Reads take as long as what they are loaded from; its load rises.',
      impact: 'The cache protects its source less than was planned for; the source may be overloaded.',
      queries: [
        ['How do reads end, by tier?', `sum by (tier, result) (rate(${select(subject, REQUESTS, { cache })}[5m]))`],
        ['What is invalidated?', `sum by (cache, scope) (rate(${select(subject, 'cache_invalidations_total')}[5m]))`],
        [
          'What is not cached, and why?',
          `sum by (reason) (rate(${select(subject, 'cache_fill_rejected_total', { cache })}[5m]))`,
        ],
        ['What is evicted here?', `sum by (cache) (rate(${select(subject, 'cache_evictions_total')}[5m]))`],
      ],
      causes: [
        'a deployment that raised `schemaVersion`: it passes as the cache fills',
        'a writer that invalidates by tag or tenant far more often than before',
        'keys that hardly repeat: a crawler, an import',
        'Redis was restarted empty, or evicts',
      ],
      resolution: [
        'Just deployed, or Redis restarted: watch it fill for 15 min.',
        'Much is invalidated: find the writer, and invalidate keys instead of tags.',
        'Does Redis evict? `redis-cli -u "$REDIS_URL" info stats | grep evicted_keys`',
      ],
      prevention: 'Lengthen `ttl` or use `staleFor` where the data allows it; size Redis and the in-process tier.',
    },
    proof: { kind: 'counter', firing: {}, justBelow: {} },
  })
  return [{ ...alert, proof: hitRatioProof(subject, cache, minHitRatio) }]
}

function hitRatioProof(subject: Subject, cache: string, min: number): Alert['proof'] {
  const hit = seriesOf(subject, REQUESTS, { cache, tier: 'l1', result: 'hit' })
  const miss = seriesOf(subject, REQUESTS, { cache, tier: 'l1', result: 'miss' })
  const stale = seriesOf(subject, REQUESTS, { cache, tier: 'l2', result: 'stale' })
  const level = (ratio: number): Record<string, number> => ({
    [hit]: 500 * ratio,
    [miss]: 1000 - 500 * ratio,
    [stale]: 500 * ratio,
  })
  const minutes = 25
  const proof = proveLevel({
    kind: 'counter',
    firing: level(min * 0.9),
    justBelow: level(min + (1 - min) * 0.1),
    lowTraffic: { [miss]: 1 },
    minutes,
    clearMinutes: 15,
  })
  const never = { title: 'fires when nothing is ever answered', series: { [miss]: '0+1000x30' }, atMinutes: 30 }
  return { ...proof, cases: [...proof.cases, { ...never, fires: true }] }
}

function failingLoads(subject: Subject, { name: cache }: DeclaredCache): Alert {
  const all = select(subject, LOADS, { cache })
  const part = select(subject, LOADS, { cache }, ['result=~"error|timeout"'])
  return cacheAlert({
    name: `${camelCase(cache)}CacheLoadsFailing`,
    expr: shareExceeded({ part, all }, FAILING_LOADS, ['5m']),
    forMinutes: 5,
    summary: `More than ${percent(FAILING_LOADS)} of the loads of cache ${cache} fail or time out`,
    guidance: {
      symptoms: 'Reads that are not cached fail, or get a stale value where `staleFor` allows it.',
      impact: 'What is read through the cache fails as entries expire, a little more every minute.',
      queries: [
        ['How do loads end?', `sum by (result) (rate(${all}[5m]))`],
        [
          'How long do they take?',
          `histogram_quantile(0.95, sum by (le) (rate(${select(subject, 'cache_load_duration_seconds_bucket', { cache })}[5m])))`,
        ],
      ],
      causes: ['the source of the data fails or is slow', '`timeout.hardMs` is shorter than a normal load'],
      resolution: [
        'Look at the alerts of the source: database, dependency.',
        'Lengthen `staleFor` for the time of the outage where old data is better than none.',
      ],
      prevention: 'A `staleFor` that outlasts the outages you expect.',
    },
    proof: proveShare({
      ratio: FAILING_LOADS,
      part: seriesOf(subject, LOADS, { cache, result: 'timeout' }),
      rest: seriesOf(subject, LOADS, { cache, result: 'ok' }),
      windowMinutes: 5,
      forMinutes: 5,
    }),
  })
}

function unavailable(subject: Subject): Alert {
  const { all, part } = {
    all: select(subject, REQUESTS, { tier: 'l2' }),
    part: select(subject, REQUESTS, { tier: 'l2', result: 'unavailable' }),
  }
  const cache = subject.definition.caches?.[0]?.name ?? ''
  return cacheAlert({
    name: 'CacheUnavailable',
    expr: shareExceeded({ part, all }, UNAVAILABLE, ['5m']),
    forMinutes: 5,
    summary: `More than ${percent(UNAVAILABLE)} of the reads that ask Redis get no answer in time`,
    guidance: {
      symptoms: 'Reads are loaded from their source; `invalidate()` rejects, so writes that need it fail.',
      impact: 'Higher latency and load on the sources; data cannot be invalidated.',
      queries: [
        ['Which operations fail?', `sum by (cache, op) (rate(${select(subject, 'cache_errors_total')}[5m]))`],
        [
          'How long do they take?',
          `histogram_quantile(0.99, sum by (le, op) (rate(${select(subject, 'cache_operation_duration_seconds_bucket')}[5m])))`,
        ],
      ],
      causes: [
        'Redis is down, fails over, or is out of memory',
        'a slow command blocks it',
        'the network between them',
      ],
      resolution: [
        'Does it answer? `redis-cli -u "$REDIS_URL" ping`',
        'What blocks it? `redis-cli -u "$REDIS_URL" slowlog get 10`',
        'Memory full? `redis-cli -u "$REDIS_URL" info memory`',
      ],
      prevention: 'A replica with automatic failover; no `KEYS`, no large values.',
    },
    proof: proveShare({
      ratio: UNAVAILABLE,
      part: seriesOf(subject, REQUESTS, { cache, tier: 'l2', result: 'unavailable' }),
      rest: seriesOf(subject, REQUESTS, { cache, tier: 'l2', result: 'hit' }),
      windowMinutes: 5,
      forMinutes: 5,
    }),
  })
}

const LATE = {
  causes: [
    'the connection that subscribes is lost and does not come back',
    'Redis is slow',
    'the event loop is blocked',
  ],
  resolution: [
    'Does publishing work? `redis-cli -u "$REDIS_URL" pubsub channels`',
    'Is the client cut off for its output buffer? `redis-cli -u "$REDIS_URL" client list type pubsub`',
    'One replica only: restart it.',
  ],
  prevention: 'Enough `client-output-buffer-limit pubsub` for bursts of invalidations.',
} as const

function bypassed(subject: Subject): Alert {
  const cache = nameOfFirst(subject)
  const level = (value: number): Record<string, number> => ({ [seriesOf(subject, BYPASSED, { cache })]: value })
  return cacheAlert({
    name: 'CacheInvalidationsUndelivered',
    expr: `${select(subject, BYPASSED)} == 1`,
    forMinutes: 5,
    summary: 'A replica bypasses its in-process cache, because invalidations may not reach it',
    guidance: {
      symptoms: 'Every read of the replica asks Redis.',
      impact: 'No stale data is served: reads take a round trip longer, and Redis carries them all.',
      queries: [['How old was the last proof?', select(subject, LAG)]],
      ...LATE,
    },
    proof: { kind: 'gauge', labels: targetLabels(subject, { cache }), firing: level(1), justBelow: level(0) },
  })
}

function lagging(subject: Subject): Alert {
  const cache = nameOfFirst(subject)
  const level = (seconds: number): Record<string, number> => ({ [seriesOf(subject, LAG, { cache })]: seconds })
  return cacheAlert({
    name: 'CacheInvalidationsLate',
    expr: `${select(subject, LAG)} > ${LAG_SECONDS}`,
    forMinutes: 10,
    summary: `Invalidations take more than ${LAG_SECONDS} s to reach a replica`,
    guidance: {
      symptoms: 'For that long a replica answers with a value that another one has invalidated.',
      impact: 'Users see old data after a change; a little more, and the in-process tier is bypassed.',
      queries: [['Is the event loop late?', select(subject, 'nodejs_eventloop_delay_seconds', { stat: 'p99' })]],
      ...LATE,
    },
    proof: {
      kind: 'gauge',
      labels: targetLabels(subject, { cache }),
      firing: level(LAG_SECONDS * 1.5),
      justBelow: level(LAG_SECONDS),
    },
  })
}

/** The tier belongs to the cache, not to a definition of it. */
function nameOfFirst({ definition }: Subject): string {
  return definition.caches?.[0]?.name.split('.')[0] ?? ''
}

function cacheAlert(options: Omit<LevelAlertOptions, 'severity' | 'dashboard'>): Alert {
  return levelAlert({ severity: 'warning', dashboard: 'caches', ...options })
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(10))} %`
}
