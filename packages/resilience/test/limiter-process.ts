/**
 * One of several processes that share a limit: takes as often as it can and prints for each key when it was admitted, in
 * milliseconds by the clock of Redis, read in the very script that decided.
 */
import process from 'node:process'
import { Cluster, Redis } from 'ioredis'
import { createRateLimiter } from '../src/index.ts'
import type { Competition } from './competition.ts'

const { addresses, name, limit, perMs, windows, keys } = JSON.parse(process.argv[2] as string) as Competition
const [first, ...others] = addresses
const redis =
  others.length > 0
    ? new Cluster([...addresses], { slotsRefreshTimeout: 10_000, redisOptions: { protocol: 2 } })
    : new Redis({ ...first, protocol: 2 })
const decidedAt: number[] = []

/** The limiter's own script, asked for the time beside its answer. */
const timed = {
  evalsha: () => Promise.reject(new Error('NOSCRIPT')),
  async eval(source: string, count: number, ...args: (string | number)[]): Promise<unknown> {
    const script = `local function decide() ${source} end
local answer, now = decide(), redis.call('TIME')
return {answer[1], answer[2], answer[3], answer[4], now[1] * 1000 + now[2] / 1000}`
    const answer = (await redis.eval(script, count, ...args)) as number[]
    decidedAt.push(answer[4] as number)
    return answer
  },
}

// A late answer is an answer here: what is shown is the script, not the fallback.
const limiter = createRateLimiter({ redis: timed, name, limit, perMs, instances: 4, redisTimeoutMs: 30_000 })
const admitted: [string, number][] = []
const began = performance.now()
while (performance.now() - began < perMs * windows) {
  for (const key of keys) {
    decidedAt.length = 0
    // On one connection to one node: answers come in the order of the questions.
    const decisions = await Promise.all(Array.from({ length: 5 }, () => limiter.take({ key })))
    for (const [at, { allowed, by }] of decisions.entries()) {
      if (by !== 'redis') throw new Error('asked Redis, expected an answer of Redis')
      if (allowed) admitted.push([key, decidedAt[at] as number])
    }
  }
}
process.stdout.write(JSON.stringify(admitted))
redis.disconnect()
