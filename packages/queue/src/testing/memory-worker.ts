/** The worker of a memory queue: the attempts and the outcome table of the real one, without Redis between. */
import type { Clock, Random } from '@ops/core'
import { Attempt, type AttemptPorts } from '../attempt.ts'
import { letterOf } from '../burial.ts'
import type { Secrecy } from '../cipher.ts'
import type { Verdict } from '../dead-letter.ts'
import { Deadlines } from '../deadlines.ts'
import { decrypted, openPayload } from '../envelope.ts'
import { InvalidPayloadError } from '../errors.ts'
import type { Handlers, JobRun } from '../handler.ts'
import type { JobDefinition } from '../job-definition.ts'
import { decideOutcome } from '../outcome.ts'
import { dueTimeOf } from '../scheduler.ts'
import { sealLetter } from '../sealed-letter.ts'
import type { Worker } from '../worker.ts'
import type { MemoryJob, MemoryJobs } from './memory-jobs.ts'
import type { MemoryLetters } from './memory-letters.ts'

/** What a {@link MemoryWorker} works with. */
export interface MemoryWorkerPorts {
  readonly queue: string
  readonly store: MemoryJobs
  readonly letters: MemoryLetters
  /** Results of `once`, as JSON, by job and name. */
  readonly effects: Map<string, string>
  readonly jobs: ReadonlyMap<string, JobDefinition>
  readonly secrecy: Secrecy
  readonly baggage: readonly string[]
  readonly clock: Clock
  readonly random: Random
}

/** Of a drain, what is left for aborted handlers to end. */
const GRACE_MS = 1_500
/** What a job that is not known here is judged by. */
const NO_RETRY = { attempts: 1, baseMs: 1, capMs: 1, withinMs: 0 }

/** Works off the jobs of one memory queue. */
export class MemoryWorker implements Worker {
  readonly #ports: MemoryWorkerPorts
  readonly #handlers: Handlers
  readonly #limits: { readonly concurrency: number; readonly drainMs: number }
  readonly #shared: AttemptPorts
  readonly #attempts = new Set<Attempt>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopListening: () => void
  #draining: Promise<void> | undefined
  #shuttingDown = false

  constructor(
    ports: MemoryWorkerPorts,
    handlers: Handlers,
    limits: { readonly concurrency: number; readonly drainMs: number },
  ) {
    this.#ports = ports
    this.#handlers = handlers
    this.#limits = limits
    const { queue, baggage, clock } = ports
    this.#shared = { queue, baggage, clock, deadlines: new Deadlines(clock) }
    this.#stopListening = ports.store.onChange(() => this.#pumpSoon())
    this.#pumpSoon()
  }

  async ready(): Promise<void> {}

  drain(signal?: AbortSignal): Promise<void> {
    return this.#end(this.#limits.drainMs, signal)
  }

  close(): Promise<void> {
    return this.#end(0)
  }

  #end(ms: number, signal?: AbortSignal): Promise<void> {
    this.#draining ??= this.#finish(ms, signal)
    return this.#draining
  }

  async #finish(ms: number, signal: AbortSignal | undefined): Promise<void> {
    this.#stopListening()
    const shutDown = () => {
      this.#shuttingDown = true
      for (const attempt of this.#attempts) attempt.abort('shutdown')
    }
    const timer = this.#ports.clock.setTimeout(shutDown, Math.max(0, ms - GRACE_MS), { keepAlive: true })
    if (ms === 0 || signal?.aborted === true) shutDown()
    signal?.addEventListener('abort', shutDown, { once: true })
    await Promise.all(this.#running)
    timer.cancel()
    signal?.removeEventListener('abort', shutDown)
  }

  /** In a turn of its own: no handler starts before its enqueue has answered. */
  #pumpSoon(): void {
    setImmediate(() => {
      while (this.#draining === undefined && this.#running.size < this.#limits.concurrency) {
        const job = this.#ports.store.take()
        if (job === undefined) return
        const run = this.#process(job).finally(() => {
          this.#running.delete(run)
          this.#pumpSoon()
        })
        this.#running.add(run)
      }
    })
  }

  async #process(job: MemoryJob): Promise<void> {
    try {
      await this.#attempt(job)
      this.#ports.store.end(job, 'completed')
    } catch (thrown) {
      await this.#settle(job, thrown)
    }
  }

  async #attempt(job: MemoryJob): Promise<void> {
    const { jobs, secrecy } = this.#ports
    const [definition, handler] = [jobs.get(job.name), this.#handlers[job.name]]
    if (definition === undefined || handler === undefined)
      throw new InvalidPayloadError(job.name, 'no handler is known here, expected one of the jobs of this worker')
    const payload = openPayload(definition, await decrypted(job.name, job.data, secrecy))
    const attempt = new Attempt(this.#shared, {
      id: job.id,
      job: job.name,
      envelope: job.data,
      timeoutMs: definition.timeoutMs,
      onZombie: () => {},
      run: ({ signal }) => handler(payload as never, this.#runOf(job, signal)),
    })
    this.#attempts.add(attempt)
    if (this.#shuttingDown) attempt.abort('shutdown')
    try {
      await attempt.settle()
    } finally {
      this.#attempts.delete(attempt)
    }
  }

  #runOf({ id, name, data, attemptsMade, attemptsStarted }: MemoryJob, signal: AbortSignal): JobRun {
    const root = data.from?.[0] ?? id
    const { effects } = this.#ports
    return {
      id,
      name,
      tenant: data.t,
      dueAt: dueTimeOf(root),
      attempt: attemptsMade + 1,
      fence: (data.f ?? 0) + attemptsStarted,
      signal,
      async once<T>(effect: string, run: () => Promise<T> | T): Promise<T> {
        const key = JSON.stringify([root, effect])
        const stored = effects.get(key)
        if (stored !== undefined) return (JSON.parse(stored) as { value?: T }).value as T
        const value = await run()
        effects.set(key, JSON.stringify({ value }))
        return value
      },
    }
  }

  async #settle(job: MemoryJob, thrown: unknown): Promise<void> {
    const { jobs, clock, random, store } = this.#ports
    const retry = jobs.get(job.name)?.retry ?? NO_RETRY
    const ageMs = clock.monotonic() - (job.firstAt as number)
    const standing = { failures: job.attemptsMade, throttles: job.throttles, ageMs, random }
    const outcome = decideOutcome(thrown, { retry }, standing)
    if (outcome.kind === 'dead') return this.#bury(job, outcome.verdict, thrown)
    if (outcome.kind === 'retry') job.attemptsMade++
    else if (outcome.kind === 'release' && outcome.reason === 'throttled') job.throttles++
    else job.releases++
    store.comeBack(job, outcome.kind === 'discard' ? 0 : outcome.delayMs)
  }

  async #bury(job: MemoryJob, verdict: Verdict, error: unknown): Promise<void> {
    const { letters, secrecy, clock, store } = this.#ports
    const facts = { attempts: job.attemptsMade, releases: job.releases, crashes: 0, now: clock.now() }
    letters.add(await sealLetter(letterOf(job, { verdict, error }, facts), secrecy))
    store.end(job, 'failed')
  }
}
