/** One process of the stampede test: asks for one cold key with many callers at once, when told to. */
import { createContext, runInContext, sleep } from '@ops/core'
import { Redis } from 'ioredis'
import { createCache } from '../src/index.ts'

const [url, name, callers] = process.argv.slice(2) as [string, string, string]
const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
const cache = createCache({ redis, name, redisTimeoutMs: 5_000, l1: { maxBytes: 2 ** 20 } })
let loads = 0
const report = cache.define('report', {
  ttl: '1m',
  load: async (id: string) => {
    loads++
    await sleep(100)
    return `report ${id}`
  },
})

process.on('message', async () => {
  const asked = Array.from({ length: Number(callers) }, () =>
    runInContext(createContext({ tenant: 'a' }), () => report.get('cold')),
  )
  const values = new Set(await Promise.all(asked))
  process.send?.({ loads, values: [...values] })
  cache.close()
  redis.disconnect()
  process.disconnect()
})
redis.once('ready', () => process.send?.('ready'))
