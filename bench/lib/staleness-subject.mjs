// A peer as a subject of the staleness checker: settings.peer names it, settings.l1 says whether it has an in-process tier.
import { caches } from './caches.mjs'

export async function createSubject({ load, settings }) {
  const cache = await caches[settings.peer]({ l1: settings.l1 === true, l1Items: 10_000, tuned: true })
  cache.events?.on?.('error', () => {})
  return {
    get: (key) => cache.getOrSet(`check:${key}`, () => load(key)),
    invalidate: async (key) => {
      await cache.del(`check:${key}`)
    },
  }
}
