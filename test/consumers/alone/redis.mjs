import assert from 'node:assert/strict'
import process from 'node:process'
import { createRedis, redisReady } from '@ops/redis'

const redis = createRedis({ url: process.env.REDIS_URL, name: 'consumer' })
await redisReady(redis, AbortSignal.timeout(10_000))
await redis.set(`consumer-${process.pid}`, 'hello', 'PX', 10_000)

assert.equal(await redis.get(`consumer-${process.pid}`), 'hello')
redis.disconnect()
