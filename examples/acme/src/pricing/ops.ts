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
