/** The metrics a service exposes: what the packages it uses declare, and its own. */

import type { ConfigShape } from '@ops/config'
import { configMetrics } from '@ops/config'
import type { MetricCatalog, MetricDefinition } from '@ops/core'
import { healthMetrics, lifecycleMetrics } from '@ops/health'
import { httpMetrics } from '@ops/http'
import { loggerMetrics } from '@ops/logger'
import { defaultMetrics, metricsMetrics, storageMetrics } from '@ops/metrics'
import type { ServiceDefinition } from '@ops/service'
import { tracingMetrics } from '@ops/tracing'
import { deliveryMetrics } from './metrics.ts'

/** A declaration of any settings and metrics. */
export type AnyDefinition = ServiceDefinition<ConfigShape, MetricCatalog>

/** Declared metrics by name. */
export type MetricIndex = ReadonlyMap<string, MetricDefinition>

/** The index, and the packages whose metrics could not be had. */
export interface CollectedMetrics {
  readonly metrics: MetricIndex
  /** Names of packages that the declaration implies and that are not installed: what depends on them is left out. */
  readonly missing: readonly string[]
}

const ALWAYS: readonly MetricCatalog[] = [
  metricsMetrics,
  defaultMetrics,
  healthMetrics,
  lifecycleMetrics,
  loggerMetrics,
  tracingMetrics,
  configMetrics,
  httpMetrics,
  deliveryMetrics,
]

/** Packages with a technology underneath: loaded only where the declaration implies them. */
const OPTIONAL: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  '@ops/cache': () => import('@ops/cache'),
  '@ops/db': () => import('@ops/db'),
  '@ops/redis': () => import('@ops/redis'),
  '@ops/queue': () => import('@ops/queue'),
}

/** Collects the catalogues that the declaration implies. */
export async function collectMetrics(definition: AnyDefinition): Promise<CollectedMetrics> {
  const kinds = new Set(Object.values(definition.dependencies ?? {}).map(({ kind }) => kind))
  const wanted = [
    ...((definition.caches ?? []).length > 0 ? ['@ops/cache'] : []),
    ...(kinds.has('postgres') ? ['@ops/db'] : []),
    ...(kinds.has('redis') ? ['@ops/redis'] : []),
    ...((definition.jobs ?? []).length > 0 ? ['@ops/queue'] : []),
  ]
  const loaded = await Promise.all(wanted.map(tryLoadCatalogs))
  const catalogs = [
    ...ALWAYS,
    ...(kinds.has('s3') ? [storageMetrics] : []),
    ...loaded.flatMap((found) => found ?? []),
    definition.metrics ?? {},
  ]
  return { metrics: indexOf(catalogs), missing: wanted.filter((_, at) => loaded[at] === undefined) }
}

/** Declared metrics by name. */
export function indexOf(catalogs: readonly MetricCatalog[]): MetricIndex {
  return new Map(catalogs.flatMap((catalog) => Object.values(catalog).map((metric) => [metric.name, metric])))
}

async function tryLoadCatalogs(packageName: string): Promise<MetricCatalog[] | undefined> {
  let module: Record<string, unknown> | undefined
  try {
    module = await OPTIONAL[packageName]?.()
  } catch {
    return undefined
  }
  const catalogs = Object.entries(module ?? {}).filter(([name]) => name.endsWith('Metrics'))
  return catalogs.map(([, catalog]) => catalog as MetricCatalog)
}
