/**
 * Start-time fair queueing over BullMQ's priorities, kept in Redis.
 *
 * A job's priority is its start tag S = max(v, F), where F is the finish tag of the job its tenant enqueued before and v the virtual
 * time; then F = S + cost. Jobs run in the order of their start tags. v is read when a job arrives: the least start tag that waits,
 * and when none waits, the greatest finish tag there is, so that nobody is owed anything after a pause. It never goes back.
 *
 * Kept per queue: one sorted set with v and the finish tags beyond v. A tenant whose finish tag v has passed is forgotten, since
 * max(v, F) no longer depends on it; so the set holds only tenants with jobs waiting. BullMQ checks priorities against 2^21 in its
 * client alone; its scores, priority * 2^32 + counter, order exactly up to 2^53, and before 2^50 all tags are moved down at once.
 *
 * @see P. Goyal, H. M. Vin, H. Cheng: Start-time Fair Queueing, a scheduling algorithm for integrated services packet switching
 * networks. SIGCOMM 1996.
 */

import type { Job } from 'bullmq'
import type { ChainableCommander } from 'ioredis'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import { costOf, type FairnessOptions } from './fairness.ts'
import { defineScript, type Script } from './script.ts'
import type { Store } from './store.ts'

/** Greatest virtual time before all tags are moved down: far below 2^53, where doubles would begin to skip integers. */
export const MAX_VIRTUAL_TIME: number = 2 ** 50

const CLOCK = `
local prioritized, turns, pc, active, delayed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local prefix = ARGV[1]
local function text(n) return string.format('%.0f', n) end
local function place(id, tag)
  redis.call('ZADD', prioritized, tag * 4294967296 + redis.call('INCR', pc) % 4294967296, id)
end
local function moveDown(base)
  local flows = redis.call('ZRANGE', turns, 0, -1)
  for _, flow in ipairs(flows) do redis.call('ZINCRBY', turns, text(-base), flow) end
  local ids = redis.call('ZRANGE', prioritized, 0, -1)
  for _, id in ipairs(ids) do
    local tag = math.max(1, (tonumber(redis.call('HGET', prefix .. id, 'priority')) or 1) - base)
    redis.call('HSET', prefix .. id, 'priority', text(tag))
    place(id, tag)
  end
  for _, others in ipairs({ redis.call('ZRANGE', delayed, 0, -1), redis.call('LRANGE', active, 0, -1) }) do
    for _, id in ipairs(others) do
      local tag = tonumber(redis.call('HGET', prefix .. id, 'priority')) or 0
      if tag > 0 then redis.call('HSET', prefix .. id, 'priority', text(math.max(1, tag - base))) end
    end
  end
end
local function readTime()
  local v = math.max(1, tonumber(redis.call('ZSCORE', turns, 'v')) or 1)
  local head = redis.call('ZRANGE', prioritized, 0, 0, 'WITHSCORES')
  local least = head[2] and math.floor(tonumber(head[2]) / 4294967296)
  if least then v = math.max(v, least)
  else
    local last = redis.call('ZREVRANGE', turns, 0, 0, 'WITHSCORES')
    if last[2] then v = math.max(v, tonumber(last[2])) end
  end
  if v > ${MAX_VIRTUAL_TIME} then
    moveDown(v - 1)
    if least then least = math.max(1, least - v + 1) end
    v = 1
  end
  redis.call('ZREMRANGEBYSCORE', turns, '-inf', text(v))
  redis.call('ZADD', turns, text(v), 'v')
  return v, least
end
`

/** Gives jobs that were stored just before, with any priority, their turns; jobs that do not wait (repeated, delayed) get none. */
const TAG = `${CLOCK}
local fresh = {}
for i = 2, #ARGV, 3 do
  if redis.call('ZREM', prioritized, ARGV[i]) == 1 then table.insert(fresh, i) end
end
if #fresh == 0 then return 0 end
local v = readTime()
local counter = redis.call('INCRBY', pc, #fresh) - #fresh
local finish = {}
for n, i in ipairs(fresh) do
  local id, flow = ARGV[i], ARGV[i + 1]
  local tag = math.max(v, finish[flow] or tonumber(redis.call('ZSCORE', turns, flow)) or 0)
  finish[flow] = tag + ARGV[i + 2]
  redis.call('HSET', prefix .. id, 'priority', text(tag))
  redis.call('ZADD', prioritized, tag * 4294967296 + (counter + n) % 4294967296, id)
end
for flow, tag in pairs(finish) do redis.call('ZADD', turns, text(tag), flow) end
return #fresh
`

/** Gives a job a worker met without a turn one, and hands it back when another's comes first. */
const ARRIVE = `${CLOCK}
local stalled, marker, events = KEYS[6], KEYS[7], KEYS[8]
local id, token, key = ARGV[2], ARGV[3], ARGV[1] .. ARGV[2]
if redis.call('GET', key .. ':lock') ~= token then return 1 end
local v, least = readTime()
local tag = math.max(v, tonumber(redis.call('ZSCORE', turns, ARGV[4])) or 0)
redis.call('ZADD', turns, text(tag + ARGV[5]), ARGV[4])
redis.call('HSET', key, 'priority', text(tag))
if not least or tag <= least or redis.call('LREM', active, -1, id) == 0 then return 1 end
redis.call('DEL', key .. ':lock')
redis.call('SREM', stalled, id)
redis.call('HINCRBY', key, 'ats', -1)
place(id, tag)
redis.call('ZADD', marker, 0, '0')
redis.call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
return 0
`

/** A job that is to get a turn. */
export interface Arrival {
  readonly id: string
  readonly tenant: string | undefined
}

const KEYS = ['prioritized', 'ops-turns', 'pc', 'active', 'delayed'] as const

/** The flow a job belongs to, and what one of its jobs costs; jobs without a tenant take turns as one. */
function flowOf({ weight = () => 1 }: FairnessOptions, tenant: string | undefined): [string, number] {
  return tenant === undefined ? ['none', costOf(1)] : [`t:${tenant}`, costOf(weight(tenant))]
}

/** Gives jobs that are enqueued their turns. */
export class Turns {
  readonly #store: Store
  readonly #fairness: FairnessOptions

  constructor(store: Store, fairness: FairnessOptions) {
    this.#store = store
    this.#fairness = fairness
  }

  /** Adds to a transaction that stores the jobs: both happen or none. */
  tag(transaction: ChainableCommander, jobs: readonly Arrival[]): void {
    const keys = KEYS.map((suffix) => this.#store.key(suffix))
    const args = jobs.flatMap(({ id, tenant }) => [id, ...flowOf(this.#fairness, tenant)])
    // The whole text, not its hash: a Redis that does not know it must not store jobs without turns.
    transaction.eval(TAG, keys.length, ...keys, this.#store.key(''), ...args)
  }
}

/** Gives jobs their turns that came to a worker without one. */
export class Arrivals {
  readonly #store: Store
  readonly #fairness: FairnessOptions
  readonly #arrive: Script

  constructor(store: Store, redis: RedisClient, fairness: FairnessOptions) {
    this.#store = store
    this.#fairness = fairness
    this.#arrive = defineScript(redis, 'opsArrive', ARRIVE)
  }

  /** False when another's turn comes first and the job was handed back. */
  async meet(job: Job<Envelope>, token: string): Promise<boolean> {
    const keys = [...KEYS, 'stalled', 'marker', 'events'].map((suffix) => this.#store.key(suffix))
    const args = [this.#store.key(''), job.id as string, token, ...flowOf(this.#fairness, job.data.t)]
    return (await this.#arrive(keys, args)) === 1
  }
}
