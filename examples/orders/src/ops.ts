import type { Operations } from '@ops/cli'
import { defineService } from '@ops/service'
import { flags } from './flags.ts'
import { fulfilOrder } from './jobs.ts'
import { catalog } from './metrics.ts'
import { settings } from './settings.ts'

/** The orders service, declared: nothing starts here. */
export default defineService({
  name: 'orders',
  owner: 'team-checkout',
  tier: 1,
  settings,
  metrics: catalog,
  jobs: [fulfilOrder],
  flags,
  caches: [{ name: 'orders.order', minHitRatio: 0.2 }],
  dependencies: {
    postgres: { kind: 'postgres', setting: 'DATABASE_URL' },
    redis: { kind: 'redis', setting: 'REDIS_URL' },
    pricing: { kind: 'http', setting: 'PRICING_URL', timeoutMs: 350 },
  },
  features: [
    {
      name: 'checkout',
      routes: ['/orders', '/orders/*'],
      slo: 0.999,
      errors: { warn: 0.01, critical: 0.05 },
      p95Ms: 500,
      p99Ms: 2000,
    },
  ],
  labels: { project: 'acme', 'cost-center': '42' },
})

/** What its operators decide; `ops generate` makes alerts, dashboards and runbooks of both. */
export const operations: Operations = {
  queueDepth: 500,
  transactions: [{ name: 'orders', metric: 'orders_placed_total', minPerMinute: 1 }],
}
