import type { Operations } from '@ops/cli'
import { defineConfig, oneOf, setting } from '@ops/config'
import { defineService } from '@ops/service'

/** The pricing service, declared. */
export default defineService({
  name: 'pricing',
  owner: 'team-catalogue',
  tier: 2,
  settings: defineConfig({
    LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', {
      reload: 'live',
    }),
  }),
  features: [
    {
      name: 'prices',
      routes: ['/prices/*'],
      slo: 0.99,
      errors: { warn: 0.01, critical: 0.05 },
      p95Ms: 500,
      p99Ms: 2000,
    },
  ],
  labels: { project: 'acme', 'cost-center': '43' },
})

/** Orders alone asks for prices, and no user does. */
export const operations: Operations = {
  deploy: {
    baseImage: 'node:24-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df',
    image: 'registry.example.com/acme/pricing',
    packageManager: 'pnpm',
    workspaceFolder: 'examples/acme',
    api: { entry: 'dist/pricing/main.js' },
    mesh: 'istio',
    callers: ['orders'],
  },
}
