import { defineFlags, flag } from '@ops/flags'

/** The feature flags of the orders service; their states are in Redis: `ops flags list`. */
export const flags = defineFlags({
  'bulk-discount': flag(false, 'Five per cent off for ten or more pieces of a kind', {
    rollout: 'initech for a week, then 10 % -> 50 % -> 100 % of all users over two weeks',
    removeBy: '2027-06-30',
  }),
})
