/** The cache's figures: plain fields that the hot path increments, copied into instruments at each scrape. */
import type { BoundHistogram, Clock, Instruments, Meter } from '@ops/core'
import { cacheMetrics } from './metrics.ts'
import type { RedisOperation } from './redis-spans.ts'

/** Why a loaded value was not cached. */
export type FillRejection =
  | 'lease_lost'
  | 'purged'
  | 'tag_invalidated'
  | 'too_large'
  | 'unencodable'
  | 'bad_tags'
  | 'unavailable'

/** How a load ended. */
export type LoadResult = 'ok' | 'absent' | 'error' | 'timeout'

/** The figures of one definition. */
export class DefinitionFigures {
  readonly name: string
  l1Hits = 0
  l1Misses = 0
  l2Hits = 0
  l2Stale = 0
  l2Misses = 0
  l2Unavailable = 0
  readonly loads: Record<LoadResult, number> = { ok: 0, absent: 0, error: 0, timeout: 0 }
  readonly fillRejected: Map<FillRejection, number> = new Map()
  readonly invalidations: { key: number } = { key: 0 }
  readonly loadDuration: BoundHistogram

  constructor(name: string, loadDuration: BoundHistogram) {
    this.name = name
    this.loadDuration = loadDuration
  }

  rejectFill(reason: FillRejection): void {
    this.fillRejected.set(reason, (this.fillRejected.get(reason) ?? 0) + 1)
  }
}

/** What the in-process tier and the backplane say at a scrape. */
export interface TierFigures {
  readonly l1Bytes: number
  readonly l1Bypassed: boolean
  readonly evictions: number
  readonly lagSeconds: number
}

/** The figures of a cache and all its definitions. */
export interface Telemetry {
  definition(name: string): DefinitionFigures
  readonly definitions: readonly DefinitionFigures[]
  readonly scopes: { tag: number; tenant: number }
  observe(operation: RedisOperation, seconds: number, ok: boolean): void
  readonly errors: number
  close(): void
}

/** @param tiers read at each scrape. */
export function createTelemetry(meter: Meter, cache: string, clock: Clock, tiers: () => TierFigures): Telemetry {
  const instruments = meter.instruments(cacheMetrics)
  const definitions: DefinitionFigures[] = []
  const scopes = { tag: 0, tenant: 0 }
  const operations = new Map<RedisOperation, { readonly duration: BoundHistogram; errors: number }>()
  const copies: (() => void)[] = [copyTiers(instruments, cache, tiers, scopes)]
  const operationOf = (op: RedisOperation) => {
    let known = operations.get(op)
    if (known === undefined) {
      const figures = { duration: instruments.operationDuration.bind({ cache, op, tier: 'l2' }), errors: 0 }
      const copyErrors = delta((by) => instruments.errors.inc({ cache, op }, by))
      copies.push(() => copyErrors(figures.errors))
      operations.set(op, (known = figures))
    }
    return known
  }
  const copyAll = () => {
    for (const copy of copies) copy()
  }
  const stop = meter.onCollect(copyAll, { name: `cache_${cache}` })
  return {
    definitions,
    scopes,
    definition(name) {
      const label = `${cache}.${name}`
      const figures = new DefinitionFigures(name, instruments.loadDuration.bind({ cache: label }))
      definitions.push(figures)
      copies.push(copyDefinition(instruments, label, figures), copyRatios(instruments, label, figures, clock))
      return figures
    },
    observe(op, seconds, ok) {
      const figures = operationOf(op)
      figures.duration.observe(seconds)
      if (!ok) figures.errors++
    },
    get errors() {
      return [...operations.values()].reduce((sum, one) => sum + one.errors, 0)
    },
    close: stop,
  }
}

/** Adds to a counter what a field has grown by since the last time. */
function delta(add: (by: number) => void): (total: number) => void {
  let seen = 0
  return (total) => {
    if (total > seen) add(total - seen)
    seen = total
  }
}

type CacheInstruments = Instruments<typeof cacheMetrics>

function copyTiers(
  instruments: CacheInstruments,
  cache: string,
  tiers: () => TierFigures,
  scopes: { readonly tag: number; readonly tenant: number },
): () => void {
  const evictions = delta((by) => instruments.evictions.inc({ cache }, by))
  const tag = delta((by) => instruments.invalidations.inc({ cache, scope: 'tag' }, by))
  const tenant = delta((by) => instruments.invalidations.inc({ cache, scope: 'tenant' }, by))
  return () => {
    const figures = tiers()
    instruments.l1Bytes.set({ cache }, figures.l1Bytes)
    instruments.l1Bypassed.set({ cache }, figures.l1Bypassed ? 1 : 0)
    instruments.backplaneLag.set({ cache }, figures.lagSeconds)
    evictions(figures.evictions)
    tag(scopes.tag)
    tenant(scopes.tenant)
  }
}

function copyDefinition(instruments: CacheInstruments, cache: string, figures: DefinitionFigures): () => void {
  const request = (tier: 'l1' | 'l2', result: 'hit' | 'stale' | 'miss' | 'unavailable') =>
    delta((by) => instruments.requests.inc({ cache, tier, result }, by))
  const l1Hits = request('l1', 'hit')
  const l1Misses = request('l1', 'miss')
  const l2Hits = request('l2', 'hit')
  const l2Stale = request('l2', 'stale')
  const l2Misses = request('l2', 'miss')
  const l2Unavailable = request('l2', 'unavailable')
  const results = ['ok', 'absent', 'error', 'timeout'] as const
  const loads = results.map((result) => delta((by) => instruments.loads.inc({ cache, result }, by)))
  const rejected = new Map<FillRejection, (total: number) => void>()
  const keys = delta((by) => instruments.invalidations.inc({ cache, scope: 'key' }, by))
  return () => {
    l1Hits(figures.l1Hits)
    l1Misses(figures.l1Misses)
    l2Hits(figures.l2Hits)
    l2Stale(figures.l2Stale)
    l2Misses(figures.l2Misses)
    l2Unavailable(figures.l2Unavailable)
    for (const [i, result] of results.entries()) loads[i]?.(figures.loads[result])
    for (const [reason, total] of figures.fillRejected) {
      const copy = rejected.get(reason) ?? delta((by) => instruments.fillRejected.inc({ cache, reason }, by))
      rejected.set(reason, copy)
      copy(total)
    }
    keys(figures.invalidations.key)
  }
}

const WINDOW_MS = 60_000

/** The ratios of the last minute or so: since the newest snapshot that is at least that old. */
function copyRatios(instruments: CacheInstruments, cache: string, f: DefinitionFigures, clock: Clock): () => void {
  const snapshot = () => ({
    at: clock.monotonic(),
    l1: f.l1Hits,
    all: f.l1Hits + f.l1Misses,
    l2: f.l2Hits + f.l2Stale,
    asked: f.l2Hits + f.l2Stale + f.l2Misses,
  })
  const snapshots = [snapshot()]
  return () => {
    const now = snapshot()
    while (snapshots.length > 1 && now.at - (snapshots[1]?.at ?? now.at) >= WINDOW_MS) snapshots.shift()
    const since = snapshots[0] ?? now
    if (now.at - (snapshots.at(-1)?.at ?? 0) >= 1_000) snapshots.push(now)
    const set = (tier: 'l1' | 'l2' | 'all', hits: number, of: number) => {
      if (of > 0) instruments.hitRatio.set({ cache, tier }, hits / of)
    }
    set('l1', now.l1 - since.l1, now.all - since.all)
    set('l2', now.l2 - since.l2, now.asked - since.asked)
    set('all', now.l1 - since.l1 + now.l2 - since.l2, now.all - since.all)
  }
}
