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
