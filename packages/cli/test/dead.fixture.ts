import { secret, url } from '@ops/config'
import { defineJob, type JobDefinition } from '@ops/queue'
import { defineService, type Service } from '@ops/service'
import { z } from 'zod'

/** A job whose payload is checked before it comes back. */
export const shipOrder: JobDefinition<{ order: number }> = defineJob('order.ship', {
  schema: z.object({ order: z.number() }),
  retry: { attempts: 1 },
})

const service: Service = defineService({
  name: 'shipping',
  owner: 'team-shipping',
  tier: 2,
  settings: { SHIPPING_REDIS: secret(url({ protocols: ['redis:'] }), 'Redis of the queues') },
  jobs: [shipOrder],
  dependencies: { redis: { kind: 'redis', setting: 'SHIPPING_REDIS' } },
})
export default service
