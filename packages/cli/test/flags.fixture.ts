import { secret, url } from '@ops/config'
import { defineFlags, flag } from '@ops/flags'
import { defineService, type Service } from '@ops/service'

const service: Service = defineService({
  name: 'shop',
  owner: 'team-shop',
  tier: 2,
  settings: { SHOP_REDIS: secret(url({ protocols: ['redis:'] }), 'Redis of the flags') },
  flags: defineFlags({
    'new-checkout': flag(false, 'New checkout flow', { rollout: '10 % -> 100 %' }),
    'old-banner': flag(false, 'Banner of last summer', { removeBy: '2020-08-31' }),
  }),
  dependencies: { redis: { kind: 'redis', setting: 'SHOP_REDIS' } },
})
export default service
