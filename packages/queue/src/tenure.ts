/**
 * Whether a job is still this worker's. Redis gives lock and fence in one script, but the answer may reach a process that was suspended
 * on the way: then the lock has run out, another worker has a higher fence, and a handler started now would come late. So the age of
 * each lock is known here, counted from before it was asked for, and no handler starts on one that may have run out.
 */
import type { Clock } from '@ops/core'
import type { Job } from 'bullmq'
import { JobAbortError } from './errors.ts'

/** By both clocks: the monotonic one may stand while a machine sleeps, the wall may be set back. */
interface Moment {
  readonly monotonic: number
  readonly wall: number
}

/** Knows how old the locks of one worker's jobs are. */
export class Tenure {
  readonly #clock: Clock
  readonly #lockMs: number
  readonly #confirmed = new WeakMap<object, Moment>()

  constructor(clock: Clock, lockMs: number) {
    this.#clock = clock
    this.#lockMs = lockMs
  }

  /** Asks for a job, or for nothing; notes that what it answers was locked no earlier than now. */
  async fetch<T extends Job | undefined>(ask: () => Promise<T>): Promise<T> {
    const moment = this.#now()
    const job = await ask()
    if (job !== undefined) this.#confirmed.set(job, moment)
    return job
  }

  /** True when its lock holds for at least half of its time from now: nobody need be asked. */
  isFresh(job: Job): boolean {
    return this.#age(job) <= this.#lockMs / 2
  }

  /** Has the job for a full time again. @throws JobAbortError when it is not this worker's any more */
  async renew(job: Job, token: string): Promise<void> {
    const moment = this.#now()
    if ((await job.extendLock(token, this.#lockMs)) !== 1) throw new JobAbortError(job.name, 'lock_lost')
    this.#confirmed.set(job, moment)
  }

  /** Right before a handler starts. @throws JobAbortError when its lock may have run out */
  assertHeld(job: Job): void {
    if (this.#age(job) >= this.#lockMs) throw new JobAbortError(job.name, 'lock_lost')
  }

  #age(job: Job): number {
    const since = this.#confirmed.get(job)
    if (since === undefined) return Number.POSITIVE_INFINITY
    const { monotonic, wall } = this.#now()
    return Math.max(monotonic - since.monotonic, wall - since.wall)
  }

  #now(): Moment {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() }
  }
}
