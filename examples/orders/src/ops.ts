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
  // Nobody's key: the answer is a refusal, by way of everything that a request passes.
  smoke: [{ path: '/orders', status: 401 }],
  deploy: {
    baseImage: 'node:24-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df',
    image: 'registry.example.com/acme/orders',
    packageManager: 'pnpm',
    workspaceFolder: 'examples/fastify',
    api: { entry: 'dist/main.js' },
    ingress: { host: 'orders.acme.example.com', controller: 'istio' },
    mesh: 'istio',
    canary: {
      prometheusUrl: 'http://prometheus.monitoring:9090',
      trafficRouting: { istio: { virtualService: { name: 'orders', routes: ['primary'] } } },
    },
  },
}
