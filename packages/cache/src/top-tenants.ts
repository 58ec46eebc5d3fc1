/** Reads of the busiest tenants by name, of all others together: a bounded number of series whatever the number of tenants. */
import type { Counter, Meter } from '@ops/core'
import { cacheMetrics } from './metrics.ts'

/** Counts reads by tenant. */
export interface TopTenants {
  count(tenant: string): void
  /** Ends the copying. */
  close(): void
}

/** Tenants watched for each that is shown: room to notice who has become busy. */
const WATCHED = 10

/**
 * Shows at most `top` tenants, the busiest at the scrape that first has room for them; who is shown stays shown, because a
 * counter must not fall. All others count as `_other`.
 */
export function createTopTenants(meter: Meter, cache: string, top: number): TopTenants {
  const reads: Counter<{ readonly cache: 'string'; readonly tenant: 'string' }> =
    meter.instruments(cacheMetrics).tenantReads
  const shown = new Set<string>()
  const counts = new Map<string, number>()
  let others = 0

  const collect = (): void => {
    const busiest = [...counts].sort((a, b) => b[1] - a[1])
    for (const [tenant, count] of busiest) {
      if (shown.size < top) shown.add(tenant)
      if (shown.has(tenant)) reads.inc({ cache, tenant }, count)
      else others += count
    }
    if (others > 0) reads.inc({ cache, tenant: '_other' }, others)
    counts.clear()
    others = 0
  }
  const close = meter.onCollect(collect, { name: 'cache_tenants' })
  return {
    close,
    count(tenant) {
      const count = counts.get(tenant)
      if (count !== undefined) counts.set(tenant, count + 1)
      else if (counts.size < WATCHED * top || shown.has(tenant)) counts.set(tenant, 1)
      else others++
    },
  }
}
