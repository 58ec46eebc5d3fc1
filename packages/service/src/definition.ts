/** What a service says about itself: plain data, from which `run` wires the process and the tools derive documents. */
import type { ConfigShape } from '@ops/config'
import { DURATION_BUCKETS, type MetricCatalog } from '@ops/core'
import type { Check } from '@ops/health'
import type { DeclaredFlag } from './feature-flags.ts'

/** Importance, 1 (most) to 3: decides recovery objectives and how loudly alerts speak. */
export type Tier = 1 | 2 | 3

/** A group of routes with an objective of its own. */
export interface Feature {
  /** Lower-case name, the `feature` label. */
  readonly name: string
  /** Route templates; a `*` at the end matches any rest. The first feature that matches owns the route. */
  readonly routes: readonly string[]
  /** Share of requests that must succeed over 30 days, above 0 and below 1. */
  readonly slo: number
  /** Share of failing requests at which people are told, above 0 to 1. */
  readonly errors: { readonly warn: number; readonly critical: number }
  /** 95th percentile that must hold, in milliseconds; an edge of the duration buckets. */
  readonly p95Ms: number
  /** 99th percentile that must hold, in milliseconds; an edge of the duration buckets. */
  readonly p99Ms: number
}

/** Something the service calls. */
export interface Dependency {
  readonly kind: 'postgres' | 'redis' | 'http' | 's3' | 'other'
  /** The setting that holds its address. */
  readonly setting?: string
  /** Longest call, in milliseconds. */
  readonly timeoutMs?: number
}

/** A cache definition of @ops/cache, by what is expected of it. */
export interface DeclaredCache {
  /** The `cache` label of its metrics: `<cache name>.<definition>`, such as `orders.order`. */
  readonly name: string
  /** Share of reads answered without a load below which people are told, above 0 and below 1. @defaultValue nobody is told */
  readonly minHitRatio?: number
}

/** The declaration. */
export interface ServiceDefinition<S extends ConfigShape, C extends MetricCatalog> {
  /** Lower-case name with dashes: `service` in logs, metrics and traces. */
  readonly name: string
  /** The team that is called. */
  readonly owner: string
  /** Importance, 1 (most) to 3: decides recovery objectives and how loudly alerts speak. */
  readonly tier: Tier
  /** Settings by environment name, of `@ops/config`. */
  readonly settings: S
  /** Metrics of the service's own. @defaultValue none */
  readonly metrics?: C
  /** Jobs it enqueues or works off, as declared with @ops/queue. @defaultValue none */
  readonly jobs?: readonly { readonly name: string }[]
  /** Caches it defines with @ops/cache. @defaultValue none */
  readonly caches?: readonly DeclaredCache[]
  /** What it calls: kind, the setting with the address, timeout. @defaultValue none */
  readonly dependencies?: Readonly<Record<string, Dependency>>
  /** Health checks that need nothing of the application; it adds others at run time. @defaultValue none */
  readonly checks?: Readonly<Record<string, Check>>
  /** Further human views, `/healthz/<group>`, each of some of these checks. @defaultValue none */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Groups of routes with objectives of their own. @defaultValue none: all routes are the feature `default` */
  readonly features?: readonly Feature[]
  /** Feature flags declared with @ops/flags: for tools, and for `startFlags`. @defaultValue none */
  readonly flags?: Readonly<Record<string, DeclaredFlag>>
  /** Labels of everything deployed: project, cost centre. @defaultValue none */
  readonly labels?: Readonly<Record<string, string>>
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/
const CACHE_NAME = /^[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+$/

/** @throws TypeError or RangeError that names the part, what was given and what is allowed. */
export function assertDefinition(definition: ServiceDefinition<ConfigShape, MetricCatalog>): void {
  const { name, tier, features = [], caches = [], dependencies = {}, settings } = definition
  if (!NAME.test(name))
    throw new TypeError(`Cannot define service ${JSON.stringify(name)}: expected a name like ${NAME}`)
  if (![1, 2, 3].includes(tier))
    throw new RangeError(`Cannot define service ${name}: tier is ${tier}, expected 1, 2 or 3`)
  for (const feature of features) assertFeature(name, feature)
  for (const cache of caches) assertCache(name, cache, caches)
  for (const [dependency, { setting }] of Object.entries(dependencies)) {
    if (setting !== undefined && !Object.hasOwn(settings, setting)) {
      throw new TypeError(
        `Cannot define service ${name}: dependency ${dependency} reads ${setting}, expected a declared setting`,
      )
    }
  }
}

function assertFeature(service: string, { name, routes, slo, errors, p95Ms, p99Ms }: Feature): void {
  const what = `Cannot define service ${service}: feature ${JSON.stringify(name)}`
  if (!NAME.test(name)) throw new TypeError(`${what}, expected a name like ${NAME}`)
  if (routes.length === 0) throw new TypeError(`${what} has no routes, expected at least one`)
  if (!(slo > 0 && slo < 1)) throw new RangeError(`${what}: slo is ${slo}, expected above 0 and below 1`)
  if (!(errors.warn > 0 && errors.warn < errors.critical && errors.critical <= 1)) {
    throw new RangeError(
      `${what}: errors are warn ${errors.warn} and critical ${errors.critical}, expected 0 < warn < critical <= 1`,
    )
  }
  assertEdge(`${what}: p95Ms`, p95Ms)
  assertEdge(`${what}: p99Ms`, p99Ms)
}

function assertCache(service: string, { name, minHitRatio = 0.5 }: DeclaredCache, all: readonly DeclaredCache[]): void {
  const what = `Cannot define service ${service}: cache ${JSON.stringify(name)}`
  if (!CACHE_NAME.test(name)) throw new TypeError(`${what}, expected <cache name>.<definition>, like ${CACHE_NAME}`)
  if (all.filter((cache) => cache.name === name).length > 1)
    throw new TypeError(`${what} is declared twice, expected names that differ`)
  if (!(minHitRatio > 0 && minHitRatio < 1))
    throw new RangeError(`${what}: minHitRatio is ${minHitRatio}, expected above 0 and below 1`)
}

/** A quantile between two edges is a guess; alerts on it would lie. */
function assertEdge(what: string, thresholdMs: number): void {
  const edges = DURATION_BUCKETS.map((seconds) => seconds * 1000)
  if (edges.includes(thresholdMs)) return
  const below = edges.findLast((edge) => edge < thresholdMs)
  const above = edges.find((edge) => edge > thresholdMs)
  const nearest = [below, above].filter((edge) => edge !== undefined).join(' or ')
  throw new RangeError(`${what} is ${thresholdMs}, expected an edge of the duration buckets: ${nearest}`)
}
