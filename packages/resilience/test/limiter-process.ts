/** One of several processes that share a limit: takes as often as it can and prints when it was admitted. */
import process from 'node:process'
import { Redis } from 'ioredis'
import { createRateLimiter } from '../src/index.ts'

const [url, name, limit, perMs, rounds] = process.argv.slice(2) as [string, string, string, string, string]
const redis = new Redis(url, { protocol: 2, replyMapping: 'legacy' })
// A late answer is an answer here: what is shown is the script, not the fallback.
const limiter = createRateLimiter({
  redis,
  name,
  limit: Number(limit),
  perMs: Number(perMs),
  instances: 4,
  redisTimeoutMs: 30_000,
})
const admitted: [number, number][] = []
const began = Date.now()
while (Date.now() - began < Number(perMs) * Number(rounds)) {
  const from = Date.now()
  const decisions = await Promise.all(Array.from({ length: 5 }, () => limiter.take({ key: 'shared' })))
  const to = Date.now()
  for (const { allowed, by } of decisions) {
    if (by !== 'redis') throw new Error('asked Redis, expected an answer of Redis')
    if (allowed) admitted.push([from, to])
  }
}
process.stdout.write(JSON.stringify(admitted))
redis.disconnect()
