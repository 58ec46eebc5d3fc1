/** Which dashboards a service has: by feature, its health, what it depends on, and its business. */

import type { MetricDefinition } from '@ops/core'
import { DEFAULT_FEATURE } from '@ops/service'
import { select } from '../alerts/alert.ts'
import type { Artefact } from '../artefact.ts'
import { expressionProblems } from '../expression.ts'
import type { Subject } from '../subject.ts'
import { type Dashboard, dashboardJson, type Panel } from './panel.ts'

const REQUESTS = 'http_request_duration_seconds'
const WINDOW = '$__rate_interval'
/** Figures of the packages underneath, shown where the service has them. */
const RESOURCES = [
  'db_connections_active',
  'db_connections_waiting',
  'db_query_duration_seconds',
  'redis_up',
  'redis_command_duration_seconds',
  'queue_jobs',
  'queue_oldest_job_age_seconds',
  'queue_dead_letters',
  'worker_jobs_processed_total',
  'worker_jobs_failed_total',
  'worker_job_duration_seconds',
  'http_client_request_duration_seconds',
  's3_upload_duration_seconds',
  'dependency_up',
  'health_check_up',
] as const

/** Files of all dashboards. @throws TypeError for a query on what no catalogue declares. */
export function dashboardArtefacts(subject: Subject): readonly Artefact[] {
  return dashboardsOf(subject).map((dashboard) => {
    assertSound(dashboard, subject)
    const text = dashboardJson(subject.definition.name, dashboard)
    return { path: `dashboards/${dashboard.name}.json`, text }
  })
}

/** What @ops/cache records, in the order of asking: does it answer, what does it cost, is it fresh? */
const CACHES = [
  'cache_hit_ratio',
  'cache_requests_total',
  'cache_loads_total',
  'cache_load_duration_seconds',
  'cache_operation_duration_seconds',
  'cache_errors_total',
  'cache_backplane_lag_seconds',
  'cache_l1_bypassed',
  'cache_l1_bytes',
  'cache_evictions_total',
  'cache_invalidations_total',
  'cache_fill_rejected_total',
] as const

/** The dashboards; one on caches only where some are declared, one on business only where the service has metrics of its own. */
export function dashboardsOf(subject: Subject): readonly Dashboard[] {
  const { name, features = [], metrics = {}, jobs = [], caches = [] } = subject.definition
  const own = Object.values(metrics)
  const served = features.length === 0 && jobs.length > 0 ? [] : [...features.map((each) => each.name), DEFAULT_FEATURE]
  return [
    { name: 'health', title: `${name}: health`, panels: [...redPanels(subject, {}), ...saturationPanels(subject)] },
    ...served.map((feature) => ({
      name: `feature-${feature}`,
      title: `${name}: ${feature}`,
      panels: redPanels(subject, { feature }),
    })),
    {
      name: 'resources',
      title: `${name}: what it depends on`,
      panels: metricPanels(subject, declared(subject, RESOURCES)),
    },
    ...(caches.length === 0
      ? []
      : [{ name: 'caches', title: `${name}: caches`, panels: metricPanels(subject, declared(subject, CACHES)) }]),
    ...(own.length === 0 ? [] : [{ name: 'business', title: `${name}: business`, panels: metricPanels(subject, own) }]),
  ]
}

function declared({ metrics }: Subject, names: readonly string[]): readonly MetricDefinition[] {
  return names.flatMap((name) => metrics.get(name) ?? [])
}

/** Rate, errors, duration. */
function redPanels(subject: Subject, labels: Readonly<Record<string, string>>): readonly Panel[] {
  const all = select(subject, `${REQUESTS}_count`, labels)
  const failed = select(subject, `${REQUESTS}_count`, { ...labels, status_class: '5xx' })
  return [
    { title: 'Requests', unit: 'reqps', queries: [[`sum by (route) (rate(${all}[${WINDOW}]))`, '{{route}}']] },
    {
      title: 'Share of failing requests',
      unit: 'percentunit',
      queries: [[`sum(rate(${failed}[${WINDOW}])) / sum(rate(${all}[${WINDOW}]))`, 'failing']],
    },
    { title: 'Duration', unit: 's', queries: quantiles(subject, REQUESTS, labels) },
    {
      title: 'Failing requests',
      unit: 'reqps',
      queries: [[`sum by (route) (rate(${failed}[${WINDOW}]))`, '{{route}}']],
    },
  ]
}

function saturationPanels(subject: Subject): readonly Panel[] {
  const share = (used: string, limit: string): string => `${used} / ${select(subject, limit)}`
  const perReplica = '{{instance}}'
  return [
    {
      title: 'CPU',
      unit: 'percentunit',
      queries: [
        [
          share(`rate(${select(subject, 'process_cpu_seconds_total')}[${WINDOW}])`, 'process_cpu_limit_cores'),
          perReplica,
        ],
      ],
    },
    {
      title: 'Memory',
      unit: 'percentunit',
      queries: [[share(select(subject, 'process_memory_working_set_bytes'), 'process_memory_limit_bytes'), perReplica]],
    },
    {
      title: 'Event loop',
      unit: 'percentunit',
      queries: [[select(subject, 'nodejs_eventloop_utilization_ratio'), perReplica]],
    },
    {
      title: 'Disk',
      unit: 'percentunit',
      queries: [[`1 - ${share(select(subject, 'disk_available_bytes'), 'disk_size_bytes')}`, '{{instance}} {{path}}']],
    },
    {
      title: 'Replicas that take traffic',
      unit: 'short',
      queries: [
        [`sum(${select(subject, 'service_ready')})`, 'ready'],
        [`sum(${select(subject, 'up')})`, 'up'],
      ],
    },
    {
      title: 'Versions',
      unit: 'short',
      queries: [[`count by (version, commit) (${select(subject, 'build_info')})`, '{{version}} {{commit}}']],
    },
  ]
}

/** One panel a metric, by its kind and all its labels. */
function metricPanels(subject: Subject, metrics: readonly MetricDefinition[]): readonly Panel[] {
  return metrics.map(({ kind, name, help, labels }) => {
    const names = Object.keys(labels)
    const by = names.length === 0 ? '' : ` by (${names.join(', ')})`
    const legend = names.length === 0 ? name : names.map((label) => `{{${label}}}`).join(' ')
    const isSeconds = name.endsWith('_seconds')
    if (kind === 'histogram')
      return { title: help, unit: isSeconds ? 's' : 'short', queries: quantiles(subject, name, {}) }
    if (kind === 'counter')
      return {
        title: `${help}, a second`,
        unit: 'cps',
        queries: [[`sum${by} (rate(${select(subject, name)}[${WINDOW}]))`, legend]],
      }
    return { title: help, unit: isSeconds ? 's' : 'short', queries: [[`max${by} (${select(subject, name)})`, legend]] }
  })
}

function quantiles(subject: Subject, histogram: string, labels: Readonly<Record<string, string>>): Panel['queries'] {
  const buckets = `sum by (le) (rate(${select(subject, `${histogram}_bucket`, labels)}[${WINDOW}]))`
  return [0.5, 0.95, 0.99].map((quantile) => [`histogram_quantile(${quantile}, ${buckets})`, `p${quantile * 100}`])
}

function assertSound({ name, panels }: Dashboard, { metrics }: Subject): void {
  const queries = panels.flatMap((panel) => panel.queries.map(([expression]) => expression))
  const problem = queries.flatMap((query) => expressionProblems(query, metrics))[0]
  if (problem !== undefined)
    throw new TypeError(`Cannot make dashboard ${name}: ${problem}, expected what a catalogue declares`)
}
