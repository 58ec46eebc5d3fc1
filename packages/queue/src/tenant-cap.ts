/**
 * How many jobs of one tenant run at once, over all workers. A job over the cap is parked among the delayed, so that nobody turns in
 * circles with it, and the end of another of its tenant brings it back with its old turn. Should that end never be told, because a
 * process died, the delay brings it back; and slots of jobs whose lock is gone are free.
 */
import type { Job } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import { capOf, type FairnessOptions } from './fairness.ts'
import { defineScript, type Script } from './script.ts'
import type { Store } from './store.ts'

/** How long a parked job waits for a slot before it looks by itself. */
const PARKED_MS = 60_000
/** How often one tenant's slots are searched for dead jobs, and how long they are remembered. */
const SEARCH_MS = 1_000
const REMEMBERED_MS = 86_400_000

const UNPARK = `
local slots, parked, searched, active, delayed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local prioritized, marker, events, stalled = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local prefix, id = ARGV[1], ARGV[2]
local function unpark()
  while true do
    local found = redis.call('ZPOPMIN', parked)[1]
    if not found then return false end
    if redis.call('ZREM', delayed, found) == 1 then
      local tag = tonumber(redis.call('HGET', prefix .. found, 'priority')) or 1
      redis.call('HSET', prefix .. found, 'delay', 0)
      redis.call('ZADD', prioritized, tag * 4294967296, found)
      redis.call('ZADD', marker, 0, '0')
      redis.call('XADD', events, '*', 'event', 'waiting', 'jobId', found, 'prev', 'delayed')
      return true
    end
  end
end
`

/** 1: has a slot. 0: parked. -1: another worker has the job by now, and the slot with it. */
const ENTER = `${UNPARK}
local token, cap, now = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local key = prefix .. id
if redis.call('GET', key .. ':lock') ~= token then return -1 end
if redis.call('SISMEMBER', slots, id) == 1 then return 1 end
if redis.call('SCARD', slots) >= cap and redis.call('SET', searched, 1, 'NX', 'PX', ${SEARCH_MS}) then
  for _, other in ipairs(redis.call('SMEMBERS', slots)) do
    if redis.call('EXISTS', prefix .. other .. ':lock') == 0 then redis.call('SREM', slots, other) end
  end
  for _ = redis.call('SCARD', slots) + 2, cap do unpark() end
end
if redis.call('SCARD', slots) < cap then
  redis.call('SADD', slots, id)
  redis.call('ZREM', parked, id)
  redis.call('PEXPIRE', slots, ${REMEMBERED_MS})
  return 1
end
if redis.call('LREM', active, -1, id) == 0 then return 1 end
redis.call('DEL', key .. ':lock')
redis.call('SREM', stalled, id)
redis.call('HINCRBY', key, 'ats', -1)
redis.call('HINCRBY', key, 'opsReleases', 1)
redis.call('HSET', key, 'delay', ${PARKED_MS})
redis.call('ZADD', delayed, (now + ${PARKED_MS}) * 4096, id)
redis.call('ZADD', parked, redis.call('HGET', key, 'priority') or 0, id)
redis.call('PEXPIRE', parked, ${REMEMBERED_MS})
redis.call('ZADD', marker, tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]) / 4096, '1')
redis.call('XADD', events, '*', 'event', 'delayed', 'jobId', id, 'delay', now + ${PARKED_MS})
return 0
`

/** Not when another worker has the job by now: the slot is that one's. */
const LEAVE = `${UNPARK}
local lock = redis.call('GET', prefix .. id .. ':lock')
if lock and lock ~= ARGV[3] then return 0 end
if redis.call('SREM', slots, id) == 1 then unpark() end
return 1
`

/** Keeps the caps of one queue's tenants. */
export class TenantCap {
  readonly #store: Store
  readonly #fairness: FairnessOptions
  readonly #enter: Script
  readonly #leave: Script

  constructor(store: Store, redis: RedisClient, fairness: FairnessOptions) {
    this.#store = store
    this.#fairness = fairness
    this.#enter = defineScript(redis, 'opsEnter', ENTER)
    this.#leave = defineScript(redis, 'opsLeave', LEAVE)
  }

  /** Takes a slot: `'parked'` when there was none, `'lost'` when another worker has the job. */
  async enter(job: Job<Envelope>, token: string): Promise<'entered' | 'parked' | 'lost'> {
    const [tenant, cap] = this.#capOf(job)
    if (tenant === undefined || cap === undefined) return 'entered'
    const args = [...this.#args(job), token, cap, this.#store.clock.now()]
    const entered = await this.#enter(this.#keys(tenant), args)
    return entered === 1 ? 'entered' : entered === 0 ? 'parked' : 'lost'
  }

  /** Gives the slot of a job back, should it have one, to the next of its tenant. */
  async leave(job: Job<Envelope>, token: string): Promise<void> {
    const [tenant, cap] = this.#capOf(job)
    if (tenant !== undefined && cap !== undefined) await this.#leave(this.#keys(tenant), [...this.#args(job), token])
  }

  #capOf({ data: { t: tenant } }: Job<Envelope>): [string | undefined, number | undefined] {
    return [tenant, tenant === undefined ? undefined : capOf(this.#fairness, tenant)]
  }

  #args(job: Job<Envelope>): string[] {
    return [this.#store.key(''), job.id as string]
  }

  #keys(tenant: string): string[] {
    const own = ['slots', 'parked', 'searched'].map((what) => `ops-${what}:${tenant}`)
    const shared = ['active', 'delayed', 'prioritized', 'marker', 'events', 'stalled']
    return [...own, ...shared].map((suffix) => this.#store.key(suffix))
  }
}
