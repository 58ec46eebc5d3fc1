import assert from 'node:assert/strict'
import process from 'node:process'
import { createCache } from '@ops/cache'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: 0 })
const cache = createCache({ redis, name: `consumer-${process.pid}` })
let loads = 0
const user = cache.define('user', { scope: 'global', ttl: '5m', load: (id) => `${id}:${++loads}` })

assert.equal(await user.get('u-1'), 'u-1:1')
assert.equal(await user.get('u-1'), 'u-1:1')
await user.invalidate('u-1')
assert.equal(await user.get('u-1'), 'u-1:2')
await user.invalidate('u-1')
cache.close()
redis.disconnect()
