/**
 * What all workers of a queue know of an outage, in one hash in Redis: the attempts of the present window, or since when and by which
 * class of error the breaker is open, and who probes. Times are Redis's own, so that no clocks are compared.
 */
import type { BreakerOptions, OutageType } from './breaker-options.ts'
import type { RedisClient } from './connection.ts'
import { defineScript, type Script } from './script.ts'
import type { Store } from './store.ts'

/** How long a prober may be silent before another takes over, and how long an open breaker is remembered without any worker. */
const PROBE_MS = 5_000
const REMEMBERED_MS = 7 * 86_400_000

const HEAD = `
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Counts a failure and what ended otherwise before it. Answers the time to the next probe when open, else -1. */
const FAILED = `${HEAD}
local class, others, volume, ratio = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local windowMs, openMs = tonumber(ARGV[5]), tonumber(ARGV[6])
local known = redis.call('HMGET', key, 'open', 'until', 'since')
if known[1] then return math.max(0, known[2] - now) end
if not known[3] or now - known[3] > windowMs then
  redis.call('DEL', key)
  redis.call('HSET', key, 'since', now)
  redis.call('PEXPIRE', key, windowMs)
end
local attempts = redis.call('HINCRBY', key, 'attempts', others + 1)
local failures = redis.call('HINCRBY', key, class, 1)
if attempts < volume or failures / attempts < ratio then return -1 end
redis.call('DEL', key)
redis.call('HSET', key, 'open', class, 'until', now + openMs, 'probes', 0)
redis.call('PEXPIRE', key, ${REMEMBERED_MS})
return openMs
`

/** Answers the class it is open by or an empty text, and 1 for the worker that may probe. */
const LOOK = `${HEAD}
local known = redis.call('HMGET', key, 'open', 'until', 'prober', 'proberUntil')
if not known[1] then return {'', 0} end
if now < tonumber(known[2]) then return {known[1], 0} end
if known[3] and known[3] ~= ARGV[1] and now < tonumber(known[4]) then return {known[1], 0} end
redis.call('HSET', key, 'prober', ARGV[1], 'proberUntil', now + ${PROBE_MS})
return {known[1], 1}
`

/** A probe failed: the next comes later. Answers when, or -1 when it is closed by now. */
const PROBE_FAILED = `${HEAD}
if redis.call('HEXISTS', key, 'open') == 0 then return -1 end
local probes = redis.call('HINCRBY', key, 'probes', 1)
local wait = math.min(tonumber(ARGV[2]), ARGV[1] * 2 ^ math.min(probes, 20))
redis.call('HSET', key, 'until', now + wait)
redis.call('HDEL', key, 'prober', 'proberUntil')
return wait
`

/** An outage as a worker finds it. */
export interface Finding {
  /** What it is open by; undefined when closed. */
  readonly open: OutageType | undefined
  /** Whether this worker is to probe. */
  readonly probe: boolean
}

/** The outage of one queue. */
export class Outage {
  readonly #key: string
  readonly #redis: RedisClient
  readonly #options: Required<BreakerOptions>
  readonly #failed: Script
  readonly #look: Script
  readonly #probeFailed: Script

  constructor(store: Store, redis: RedisClient, options: Required<BreakerOptions>) {
    this.#key = store.key('ops-breaker')
    this.#redis = redis
    this.#options = options
    this.#failed = defineScript(redis, 'opsFailed', FAILED)
    this.#look = defineScript(redis, 'opsLook', LOOK)
    this.#probeFailed = defineScript(redis, 'opsProbeFailed', PROBE_FAILED)
  }

  /** Counts a failure, and `others` that ended otherwise. Resolves with the time to the next probe when the breaker is open. */
  async countFailure(type: OutageType, others: number): Promise<number | undefined> {
    const { volume, ratio, windowMs, openMs } = this.#options
    return waitOf(await this.#failed([this.#key], [type, others, volume, ratio, windowMs, openMs]))
  }

  /** How things stand; `worker` may find itself to be the one that probes. */
  async look(worker: string): Promise<Finding> {
    const [open, probe] = (await this.#look([this.#key], [worker])) as [OutageType | '', number]
    return { open: open === '' ? undefined : open, probe: probe === 1 }
  }

  /** Resolves with the time to the next probe; undefined when the breaker is closed by now. */
  async countFailedProbe(): Promise<number | undefined> {
    return waitOf(await this.#probeFailed([this.#key], [this.#options.openMs, this.#options.maxOpenMs]))
  }

  /** It is over. */
  async end(): Promise<void> {
    await this.#redis.del(this.#key)
  }
}

function waitOf(answer: unknown): number | undefined {
  return Number(answer) < 0 ? undefined : Number(answer)
}

/** State of a queue's breaker for the gauge: what it is open by, and whether somebody probes. */
export async function readOutage(store: Store): Promise<{ readonly open?: string | null; readonly probing?: boolean }> {
  const [open = null, prober = null] = await store.redis.hmget(store.key('ops-breaker'), 'open', 'prober')
  return { open, probing: prober !== null }
}
