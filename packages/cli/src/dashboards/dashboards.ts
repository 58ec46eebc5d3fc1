/** Which dashboards a service has, by who reads them: health and features, what it depends on, its business, its models. */

import type { MetricDefinition } from '@ops/core'
import { DEFAULT_FEATURE } from '@ops/service'
import type { Artefact } from '../artefact.ts'
import { expressionProblems } from '../expression.ts'
import type { Subject } from '../subject.ts'
import { grafanaExample } from './grafana-example.ts'
import { metricPanels } from './metric-panels.ts'
import { type Dashboard, dashboardJson } from './panel.ts'
import { saturationPanels } from './saturation-panels.ts'
import { featurePanels, jobPanels, requestPanels } from './work-panels.ts'

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
  's3_upload_duration_seconds',
  'health_check_up',
] as const
/** Shown where something is called by HTTP. */
const CALLS = ['dependency_up', 'http_client_request_duration_seconds'] as const
/** Metrics of calls to language models begin so. */
const AI = /^llm_/

/** Files of all dashboards. @throws TypeError for a query on what no catalogue declares. */
export function dashboardArtefacts(subject: Subject): readonly Artefact[] {
  const files = dashboardsOf(subject).map((dashboard) => {
    assertSound(dashboard, subject)
    return { path: `dashboards/${dashboard.name}.json`, text: dashboardJson(subject, dashboard) }
  })
  return [...files, { path: 'grafana-datasources.example.yml', text: grafanaExample() }]
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

/** The dashboards; those on features, caches, business and models only where the service has such. */
export function dashboardsOf(subject: Subject): readonly Dashboard[] {
  const { name, features = [], metrics = {}, jobs = [], caches = [] } = subject.definition
  const own = Object.values(metrics)
  const business = own.filter((metric) => !AI.test(metric.name))
  const ai = own.filter((metric) => AI.test(metric.name))
  const isWorker = features.length === 0 && jobs.length > 0
  const work = isWorker ? jobPanels(subject) : requestPanels(subject)
  return [
    { name: 'health', title: `${name}: health`, panels: [...work, ...saturationPanels(subject)] },
    ...(isWorker ? [] : featureDashboards(subject)),
    { name: 'resources', title: `${name}: what it depends on`, panels: metricPanels(subject, resources(subject)) },
    ...where(caches.length > 0, { name: 'caches', title: `${name}: caches`, metrics: declared(subject, CACHES) }),
    ...where(business.length > 0, { name: 'business', title: `${name}: business`, metrics: business }),
    ...where(ai.length > 0, { name: 'ai', title: `${name}: AI`, metrics: ai }),
  ]

  function where(
    isThere: boolean,
    { metrics: shown, ...dashboard }: Omit<Dashboard, 'panels'> & { readonly metrics: readonly MetricDefinition[] },
  ): readonly Dashboard[] {
    return isThere ? [{ ...dashboard, panels: metricPanels(subject, shown) }] : []
  }
}

function featureDashboards(subject: Subject): readonly Dashboard[] {
  const { name, features = [] } = subject.definition
  return [...features, undefined].map((feature) => {
    const shown = feature?.name ?? DEFAULT_FEATURE
    return { name: `feature-${shown}`, title: `${name}: ${shown}`, panels: featurePanels(subject, shown, feature) }
  })
}

function resources(subject: Subject): readonly MetricDefinition[] {
  const calls = Object.values(subject.definition.dependencies ?? {}).some(({ kind }) => kind === 'http')
  return declared(subject, [...RESOURCES, ...(calls ? CALLS : [])])
}

function declared({ metrics }: Subject, names: readonly string[]): readonly MetricDefinition[] {
  return names.flatMap((name) => metrics.get(name) ?? [])
}

function assertSound({ name, panels }: Dashboard, { metrics }: Subject): void {
  const queries = panels.flatMap((panel) => panel.queries.map(([expression]) => expression))
  const problem = queries.flatMap((query) => expressionProblems(query, metrics))[0]
  if (problem !== undefined)
    throw new TypeError(`Cannot make dashboard ${name}: ${problem}, expected what a catalogue declares`)
}
