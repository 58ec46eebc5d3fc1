/** The jobs of a memory queue and the states they go through. */
import type { Clock, Timer } from '@ops/core'
import type { Envelope } from '../envelope.ts'
import type { Stored } from '../intake.ts'
import type { QueueStatus } from '../status.ts'

/** A job in memory. */
export interface MemoryJob {
  readonly id: string
  readonly name: string
  readonly data: Envelope
  readonly timestamp: number
  state: 'waiting' | 'delayed' | 'active' | 'completed' | 'failed'
  /** Charged failures. */
  attemptsMade: number
  /** Deliveries. */
  attemptsStarted: number
  throttles: number
  releases: number
  /** When its first attempt began, monotonic milliseconds. */
  firstAt: number | undefined
}

/** Holds jobs, and tells who listens that something changed. */
export class MemoryJobs {
  readonly #clock: Clock
  readonly #jobs = new Map<string, MemoryJob>()
  readonly #waiting: MemoryJob[] = []
  readonly #once = new Map<string, { readonly id: string; readonly until: number }>()
  readonly #timers = new Map<string, Timer>()
  readonly #listeners = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `listener` after changes. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Stores all. Answers their ids, or those of the jobs they repeat. */
  async put(jobs: readonly Stored[]): Promise<readonly string[]> {
    return jobs.map(({ id, name, data, timestamp, delayMs, once }) => {
      const now = this.#clock.monotonic()
      const first = once && this.#once.get(once.id)
      if (first !== undefined && first.until > now) return first.id
      if (once !== undefined) this.#once.set(once.id, { id, until: now + once.ttlMs })
      return this.add(id, name, JSON.parse(data) as Envelope, { timestamp, delayMs })
    })
  }

  /** Adds a job unless its id is there. Answers the id. */
  add(
    id: string,
    name: string,
    data: Envelope,
    { timestamp, delayMs }: { readonly timestamp: number; readonly delayMs: number },
  ): string {
    if (this.#jobs.has(id)) return id
    const counters = { attemptsMade: 0, attemptsStarted: 0, throttles: 0, releases: 0, firstAt: undefined }
    const job: MemoryJob = { id, name, data, timestamp, state: 'waiting', ...counters }
    this.#jobs.set(id, job)
    this.comeBack(job, delayMs)
    return id
  }

  /** The next job, active from now on; undefined when none waits. */
  take(): MemoryJob | undefined {
    const job = this.#waiting.shift()
    if (job !== undefined) {
      job.state = 'active'
      job.attemptsStarted++
      job.firstAt ??= this.#clock.monotonic()
    }
    return job
  }

  /** Lets the job wait again, after `delayMs`. */
  comeBack(job: MemoryJob, delayMs: number): void {
    this.#enter(job, delayMs > 0 ? 'delayed' : 'waiting')
    if (delayMs <= 0) return
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(job.id)
      this.#enter(job, 'waiting')
    }, delayMs)
    this.#timers.set(job.id, timer)
  }

  end(job: MemoryJob, state: 'completed' | 'failed'): void {
    this.#enter(job, state)
  }

  forget(id: string): void {
    this.#timers.get(id)?.cancel()
    this.#timers.delete(id)
    this.#jobs.delete(id)
  }

  stateOf(id: string): string {
    return this.#jobs.get(id)?.state ?? 'unknown'
  }

  count(dead: number): QueueStatus {
    const counts = { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 }
    for (const { state } of this.#jobs.values()) counts[state]++
    const { failed: _, ...shown } = counts
    return { ...shown, dead }
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#listeners.clear()
  }

  #enter(job: MemoryJob, state: MemoryJob['state']): void {
    job.state = state
    if (state === 'waiting') this.#waiting.push(job)
    for (const listener of this.#listeners) listener()
  }
}
