/** How a job becomes a dead letter: the record is written before BullMQ fails the job, so that no failed job is without one. */
import { hostname } from 'node:os'
import type { Job } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { DeadLetter, Verdict } from './dead-letter.ts'
import type { Envelope } from './envelope.ts'
import { fingerprintOf, recordError } from './error-record.ts'
import { sealLetter } from './sealed-letter.ts'
import type { Store } from './store.ts'

/** Why and how a job died. */
export interface Death {
  readonly verdict: Verdict
  readonly error: unknown
  readonly reason?: string
  readonly coResidents?: readonly string[]
}

/** Only of a job that is still the worker's: one that lives elsewhere must not be among the dead. */
const BURY = `
if ARGV[1] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], 'NX', ARGV[4], ARGV[2])
return 1
`

/** Where a job is buried, and by whom. */
export interface Grave {
  readonly store: Store
  readonly redis: RedisClient
  /** The lock's token; undefined for a job that has failed and has no lock. */
  readonly token?: string
}

/** Writes the record of a dead job; writing it twice changes nothing. Returns it, or undefined when the lock was lost. */
export async function bury(
  job: Job<Envelope>,
  death: Death,
  { store, redis, token = '' }: Grave,
): Promise<DeadLetter | undefined> {
  const id = job.id as string
  const [releases, crashes] = await redis.hmget(store.key(id), 'opsReleases', 'opsCrashes')
  const counters = { attempts: job.attemptsMade, releases: Number(releases ?? 0), crashes: Number(crashes ?? 0) }
  const letter = await sealLetter(letterOf(job, death, { ...counters, now: store.clock.now() }), store.secrecy)
  const keys = ['ops-dead', 'ops-dead-at', `${id}:lock`].map((suffix) => store.key(suffix))
  const buried = await redis.eval(BURY, keys.length, ...keys, token, id, JSON.stringify(letter), store.clock.now())
  return buried === 1 ? letter : undefined
}

/** What a job's own record does not say. */
export interface Facts {
  /** Charged failures before the one it died of. */
  readonly attempts: number
  readonly releases: number
  readonly crashes: number
  readonly now: number
}

/** What a letter is written of. */
export type BuriedJob = Pick<Job<Envelope>, 'id' | 'name' | 'data' | 'attemptsMade' | 'attemptsStarted' | 'timestamp'>

/** The letter of a dead job. */
export function letterOf(job: BuriedJob, death: Death, { now, attempts, releases, crashes }: Facts): DeadLetter {
  const errors = recordError(death.error)
  const { p, v, t, tp, from, e } = job.data
  const charged = death.verdict === 'exhausted' || death.verdict === 'permanent' ? 1 : 0
  return {
    id: job.id as string,
    job: job.name,
    verdict: death.verdict,
    ...(t === undefined ? {} : { tenant: t }),
    reason: (death.reason ?? `${errors[0]?.type}: ${errors[0]?.message}`).slice(0, 1024),
    fingerprint: fingerprintOf(job.name, death.verdict, errors),
    payload: p,
    ...(e === 1 ? { encrypted: true } : {}),
    version: v,
    ...(tp === undefined ? {} : { traceparent: tp }),
    counters: { deliveries: job.attemptsStarted, attempts: attempts + charged, releases, crashes },
    fence: (job.data.f ?? 0) + job.attemptsStarted,
    errors,
    worker: `${hostname()} pid ${process.pid}, ${Math.round(process.memoryUsage.rss() / 1_048_576)} MB`,
    coResidents: death.coResidents ?? [],
    enqueuedAt: new Date(job.timestamp).toISOString(),
    diedAt: new Date(now).toISOString(),
    lineage: from === undefined ? [] : [...from],
  }
}
