import type { Operations } from '@ops/cli'
import { defineService } from '@ops/service'
import { fulfilOrder, settings } from '@ops-examples/orders'

/** The fulfilment worker, declared; it shares the settings of the orders service. */
export default defineService({
  name: 'fulfilment-worker',
  owner: 'team-checkout',
  tier: 2,
  settings,
  jobs: [fulfilOrder],
  dependencies: {
    postgres: { kind: 'postgres', setting: 'DATABASE_URL' },
    redis: { kind: 'redis', setting: 'REDIS_URL' },
  },
  labels: { project: 'acme', 'cost-center': '42' },
})

/** It takes no requests: it is scaled by the jobs that wait. */
export const operations: Operations = {
  deploy: {
    baseImage: 'node:24-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df',
    image: 'registry.example.com/acme/fulfilment-worker',
    packageManager: 'pnpm',
    workspaceFolder: 'examples/acme',
    worker: { entry: 'dist/worker/main.js' },
    mesh: 'istio',
  },
}
