/** The solitary verdict: who is guilty of a process's death is found by running each suspect alone. */
import type { Job } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { Store } from './store.ts'

/** What is known about a job whose worker may have died. */
export type Assessment =
  | { readonly kind: 'clear' }
  | { readonly kind: 'suspect'; readonly crashes: number; readonly newCrash: boolean }
  | {
      readonly kind: 'poison'
      readonly crashes: number
      readonly memoryMb: number
      readonly coResidents: readonly string[]
    }

/** Deaths alone after which a job is poison. */
const MAX_CRASHES = 2

/** Suspects met within this time of each other are taken to have shared a process. */
const TOGETHER_MS = 5_000
const REMEMBERED_MS = 3_600_000

/**
 * Reads and takes note of what happened when the lock was lost, atomically: the job's own count of lost locks (`stc`) tells which
 * of the notes left behind (held, alone) is about the last one.
 */
const ASSESS = `
local stc = tonumber(ARGV[1])
local f = redis.call('HMGET', KEYS[1], 'opsCleared', 'opsHeld', 'opsAlone', 'opsCrashes', 'opsMem', 'opsSuspectAt', 'opsLimit')
local crashes = tonumber(f[4]) or 0
if f[1] and tonumber(f[1]) >= stc then return {'clear', crashes, 0, 0, '', 0} end
if f[2] and tonumber(f[2]) == stc - 1 then
  redis.call('HSET', KEYS[1], 'opsCleared', stc)
  redis.call('HDEL', KEYS[1], 'opsHeld')
  return {'clear', crashes, 0, 0, '', 0}
end
local fresh = 0
if f[3] and tonumber(f[3]) == stc - 1 then
  crashes = redis.call('HINCRBY', KEYS[1], 'opsCrashes', 1)
  redis.call('HDEL', KEYS[1], 'opsAlone')
  fresh = 1
end
local at = f[6] or ARGV[2]
if not f[6] then
  redis.call('HSET', KEYS[1], 'opsSuspectAt', at)
  redis.call('ZADD', KEYS[2], at, ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[2]) - tonumber(ARGV[4]))
end
return {'suspect', crashes, fresh, f[5] or 0, at, f[7] or 0}
`

const BEGIN = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], 'opsAlone', ARGV[2], 'opsMem', ARGV[3])
`

/** Takes back a crash that was none: the process lived on, it was only late. */
const SURVIVED = `
if redis.call('HGET', KEYS[1], 'opsAlone') == ARGV[1] then return redis.call('HDEL', KEYS[1], 'opsAlone') end
if (tonumber(redis.call('HGET', KEYS[1], 'opsCrashes')) or 0) > 0 then return redis.call('HINCRBY', KEYS[1], 'opsCrashes', -1) end
return 0
`

/** Keeps the notes of one queue's suspects in the hashes of their jobs. */
export class Suspicion {
  readonly #store: Store
  readonly #redis: RedisClient

  constructor(store: Store, redis: RedisClient) {
    this.#store = store
    this.#redis = redis
  }

  /** True for nearly every job: it never lost its lock, and no schedule made it. */
  isClear(job: Job): boolean {
    return job.stalledCounter === 0 && job.repeatJobKey === undefined
  }

  /** Costs nothing for a job that is clear. */
  async assess(job: Job): Promise<Assessment> {
    if (job.stalledCounter === 0)
      return job.repeatJobKey === undefined ? { kind: 'clear' } : this.#assessRun(job, job.repeatJobKey)
    const [hash, suspects] = [this.#hash(job), this.#store.key('ops-suspects')]
    const args = [job.stalledCounter, this.#store.clock.now(), job.id as string, REMEMBERED_MS]
    const answer = (await this.#redis.eval(ASSESS, 2, hash, suspects, ...args)) as [
      string,
      number,
      number,
      string,
      string,
      string,
    ]
    const [kind, crashes, fresh, rss, at, limit] = answer
    const isPoison = kind !== 'clear' && crashes >= (Number(limit) || MAX_CRASHES)
    if (!isPoison) await this.#exhume(job)
    if (kind === 'clear') return { kind }
    if (job.repeatJobKey !== undefined) await this.#redis.hset(this.#runs, job.repeatJobKey, crashes)
    if (!isPoison) return { kind: 'suspect', crashes, newCrash: fresh === 1 }
    const together = await this.#redis.zrangebyscore(suspects, Number(at) - TOGETHER_MS, Number(at) + TOGETHER_MS)
    return {
      kind: 'poison',
      crashes,
      memoryMb: Number(rss),
      coResidents: together.filter((id) => id !== job.id).slice(0, 100),
    }
  }

  /**
   * While a run of its schedule is suspected, those that follow are alone from the start. Once a run killed its process, one death of
   * theirs is enough: no crash loop.
   */
  async #assessRun(job: Job, schedule: string): Promise<Assessment> {
    const crashes = await this.#redis.hget(this.#runs, schedule)
    if (crashes === null) return { kind: 'clear' }
    if (Number(crashes) > 0) await this.#redis.hset(this.#hash(job), 'opsLimit', 1)
    return { kind: 'suspect', crashes: 0, newCrash: false }
  }

  /** A worker that died between the record and the job's failure left a letter of a job that lives. */
  async #exhume(job: Job): Promise<void> {
    const id = job.id as string
    await this.#redis.multi().hdel(this.#store.key('ops-dead'), id).zrem(this.#store.key('ops-dead-at'), id).exec()
  }

  /** Notes that the job waits for its turn: should the process die now, it is not to blame. Returns how to end the note. */
  async hold(job: Job): Promise<() => Promise<unknown>> {
    await this.#redis.hset(this.#hash(job), 'opsHeld', job.stalledCounter)
    return () => this.#redis.hdel(this.#hash(job), 'opsHeld')
  }

  /** Notes that the job runs alone from now on, unless another worker has it by now. */
  async begin(job: Job, token: string): Promise<void> {
    const keys = [this.#hash(job), this.#store.key(`${job.id}:lock`)]
    await this.#redis.eval(BEGIN, keys.length, ...keys, token, job.stalledCounter, rssMb())
  }

  /** Notes how much memory the process has while the job runs alone. */
  async measure(job: Job): Promise<void> {
    await this.#redis.hset(this.#hash(job), 'opsMem', rssMb())
  }

  /** The process lived: the job is cleared of all losses so far. */
  async exonerate(job: Job): Promise<void> {
    const notes = this.#redis
      .multi()
      .hdel(this.#hash(job), 'opsAlone')
      .hset(this.#hash(job), 'opsCleared', job.stalledCounter)
    if (job.repeatJobKey !== undefined) notes.hdel(this.#runs, job.repeatJobKey)
    await notes.exec()
  }

  /** The lock was lost while the job ran alone, yet the process lives. */
  async survived(job: Job): Promise<void> {
    if ((await this.#redis.exists(this.#hash(job))) === 0) return
    await this.#redis.eval(SURVIVED, 1, this.#hash(job), String(job.stalledCounter))
  }

  /** Schedules with a suspected run, and how often it killed its process while it was alone. */
  get #runs(): string {
    return this.#store.key('ops-poison-runs')
  }
  #hash(job: Job): string {
    return this.#store.key(job.id as string)
  }
}

function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576)
}
