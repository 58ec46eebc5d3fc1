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

/** Kept on the job itself: a map of its own would cost more than all else here. */
const SINCE: unique symbol = Symbol('ops.since')
type Held = Job & { [SINCE]?: Moment }

/** Knows how old the locks of one worker's jobs are. */
export class Tenure {
  readonly #clock: Clock
  readonly #lockMs: number

  constructor(clock: Clock, lockMs: number) {
    this.#clock = clock
    this.#lockMs = lockMs
  }

  /** Notes a job just received. `processedOn` is this process's own wall when it asked for it, and so before it was locked. */
  note(job: Held): void {
    const { monotonic, wall } = this.#now()
    const askedAt = job.processedOn ?? 0
    job[SINCE] = { monotonic: monotonic - Math.max(0, wall - askedAt), wall: askedAt }
  }

  /** True when its lock holds for at least half of its time from now: nobody need be asked. */
  isFresh(job: Held): boolean {
    return this.#age(job) <= this.#lockMs / 2
  }

  /** Has the job for a full time again. @throws JobAbortError when it is not this worker's any more */
  async renew(job: Held, token: string): Promise<void> {
    const moment = this.#now()
    if ((await job.extendLock(token, this.#lockMs)) !== 1) throw new JobAbortError(job.name, 'lock_lost')
    job[SINCE] = moment
  }

  /** Right before a handler starts. @throws JobAbortError when its lock may have run out */
  assertHeld(job: Held): void {
    if (this.#age(job) >= this.#lockMs) throw new JobAbortError(job.name, 'lock_lost')
  }

  #age({ [SINCE]: since }: Held): number {
    if (since === undefined) return Number.POSITIVE_INFINITY
    const { monotonic, wall } = this.#now()
    return Math.max(monotonic - since.monotonic, wall - since.wall)
  }

  #now(): Moment {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() }
  }
}
