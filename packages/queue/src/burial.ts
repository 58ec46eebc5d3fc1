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

/** Writes the record of a dead job; writing it twice changes nothing. Returns it. */
export async function bury(
  job: Job<Envelope>,
  death: Death,
  to: { readonly store: Store; readonly redis: RedisClient },
): Promise<DeadLetter> {
  const { store, redis } = to
  const id = job.id as string
  const [releases, crashes] = await redis.hmget(store.key(id), 'opsReleases', 'opsCrashes')
  const counters = { attempts: job.attemptsMade, releases: Number(releases ?? 0), crashes: Number(crashes ?? 0) }
  const letter = await sealLetter(letterOf(job, death, { ...counters, now: store.clock.now() }), store.secrecy)
  await redis
    .multi()
    .hset(store.key('ops-dead'), id, JSON.stringify(letter))
    .zadd(store.key('ops-dead-at'), 'NX', store.clock.now(), id)
    .exec()
  return letter
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
