import { defineConfig, int, secret, setting, url } from '@ops/config'
import { counter, defineMetrics } from '@ops/core'
import { llmMetrics } from '@ops/metrics'
import { defineService } from '@ops/service'
import type { AnyDefinition } from '../src/catalog.ts'
import type { Operations } from '../src/operations.ts'

/** A service that declares everything alerts can be made of. */
const service: { readonly definition: AnyDefinition } = defineService({
  name: 'shop',
  owner: 'team-shop',
  tier: 1,
  settings: defineConfig({
    DATABASE_URL: secret(url({ protocols: ['postgres:'] }), 'PostgreSQL connection string'),
    PUBLIC_URL: setting(url(), 'Where users reach the shop'),
    WORKER_CONCURRENCY: setting(int({ min: 1 }).default(4), 'Jobs at once'),
  }),
  metrics: defineMetrics({
    ...llmMetrics,
    placed: counter('orders_placed_total', { help: 'Orders accepted', labels: { pricing: ['live', 'fallback'] } }),
  }),
  jobs: [{ name: 'order.fulfil' }],
  labels: { project: 'shop', 'cost-center': '42' },
  caches: [{ name: 'shop.order', minHitRatio: 0.6 }, { name: 'shop.session' }],
  dependencies: {
    postgres: { kind: 'postgres' },
    redis: { kind: 'redis' },
    uploads: { kind: 's3' },
    'pricing-api': { kind: 'http', timeoutMs: 1000 },
  },
  features: [
    {
      name: 'checkout',
      routes: ['/orders*'],
      slo: 0.999,
      errors: { warn: 0.01, critical: 0.05 },
      p95Ms: 500,
      p99Ms: 10_000,
    },
  ],
})
export default service

/** Bounds for each alert that needs one. */
export const operations: Operations = {
  runbookBaseUrl: 'https://wiki.example.com/shop/runbooks',
  grafanaUrl: 'https://grafana.example.com',
  smoke: [{ path: '/orders?limit=1' }],
  queueDepth: 500,
  transactions: [{ name: 'orders', metric: 'orders_placed_total', minPerMinute: 3 }],
  llm: { p95Ms: 20_000, p95Tokens: 16_384, toolFailureRatio: 0.1, emptyRetrievalRatio: 0.2 },
}
