/** Brings BullMQ's job schedulers to what is declared, and mends the ones whose chain of runs broke. */
import type { Logger } from '@ops/core'
import type { Queue as BullQueue, JobSchedulerJson } from 'bullmq'
import { assertStorable, decrypted, type Envelope } from './envelope.ts'
import type { Schedule } from './schedule.ts'
import type { Store } from './store.ts'
import { STORED } from './stored-options.ts'

/** What a {@link Scheduler} works with. */
export interface SchedulerOptions {
  readonly store: Store
  readonly schedules: readonly Schedule[]
  readonly logger: Logger
}

/** One of the replicas that keep the schedules of a queue; each run is one job, whoever enqueues it. */
export class Scheduler {
  readonly #options: SchedulerOptions
  #reconciled = false

  /** @throws TypeError for two schedules of one name */
  constructor(options: SchedulerOptions) {
    const names = options.schedules.map(({ name }) => name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined)
      throw new TypeError(`Cannot schedule ${twice} twice on ${options.store.name}: expected a name for each`)
    for (const { job, payload } of options.schedules) assertStorable(job.name, payload)
    this.#options = options
  }

  /**
   * The first time that Redis answers: adds, changes and removes, so that the schedules are those of the worker that started last.
   * Later only mends, so that replicas of two versions do not undo each other's work.
   */
  async keep(): Promise<void> {
    const { store } = this.#options
    await store.use(async (bull) => {
      const found = (await bull.getJobSchedulers()) as JobSchedulerJson<Envelope>[]
      const present = new Map(found.map((one) => [one.key, one]))
      if (this.#reconciled) return this.#mend(bull, present)
      await this.#reconcile(bull, present)
      this.#reconciled = true
    })
  }

  async #reconcile(bull: BullQueue, present: ReadonlyMap<string, JobSchedulerJson<Envelope>>): Promise<void> {
    const { store, schedules, logger } = this.#options
    for (const wanted of schedules) {
      const { name } = wanted
      const before = present.get(name)
      // Only what differs: writing anew takes back a run that is due but has not started.
      if (before !== undefined && (await this.#isSame(before, wanted))) continue
      await this.#write(bull, wanted)
      logger.info({ queue: store.name, schedule: name, pattern: wanted.pattern, tz: wanted.tz }, 'job scheduled')
    }
    const kept = new Set(schedules.map(({ name }) => name))
    for (const name of present.keys()) {
      if (kept.has(name)) continue
      await bull.removeJobScheduler(name)
      logger.info({ queue: store.name, schedule: name }, 'schedule removed')
    }
    await this.#mend(bull, present)
  }

  /** The next run is enqueued by the one before: where that one was taken away, nothing would ever run again. */
  async #mend(bull: BullQueue, present: ReadonlyMap<string, JobSchedulerJson<Envelope>>): Promise<void> {
    const { store, schedules, logger } = this.#options
    for (const wanted of schedules) {
      const before = present.get(wanted.name)
      if (before?.next === undefined || !(await this.#isSame(before, wanted))) continue
      const run = store.key(`repeat:${wanted.name}:${before.next}`)
      const [enqueuedAt, finishedOn] = await store.redis.hmget(run, 'timestamp', 'finishedOn')
      if (enqueuedAt !== null && finishedOn === null) continue
      await this.#write(bull, wanted)
      logger.warn({ queue: store.name, schedule: wanted.name }, 'schedule had lost its next run')
    }
  }

  async #write(bull: BullQueue, { name, pattern, tz, job, payload, tenant }: Schedule): Promise<void> {
    const { secrecy } = this.#options.store
    const data: Envelope = {
      p: secrecy.on ? await secrecy.seal(payload, { job: job.name, tenant }) : payload,
      v: job.version,
      ...(tenant === undefined ? {} : { t: tenant }),
      ...(secrecy.on ? { e: 1 } : {}),
    }
    await bull.upsertJobScheduler(name, { pattern, tz }, { name: job.name, data, opts: STORED })
  }

  async #isSame(before: JobSchedulerJson<Envelope>, wanted: Schedule): Promise<boolean> {
    const { pattern, tz, job, payload, tenant } = wanted
    const data = before.template?.data
    if (before.pattern !== pattern || before.tz !== tz || before.name !== job.name) return false
    if (data?.v !== job.version || data.t !== tenant) return false
    const { secrecy } = this.#options.store
    if (secrecy.on !== (data.e === 1)) return false
    // What cannot be read was written under a key that is gone: written anew it can.
    const { p } = secrecy.on ? await decrypted(job.name, data, secrecy).catch(() => ({ p: undefined })) : data
    return JSON.stringify(p) === JSON.stringify(payload)
  }
}

/** When a scheduled run was due, wall milliseconds; undefined for other jobs. Redriven ones keep the time of the first. */
export function dueTimeOf(rootId: string): number | undefined {
  const at = /^repeat:[^:]+:(\d+)(?:\.r\d+)?$/.exec(rootId)?.[1]
  return at === undefined ? undefined : Number(at)
}
