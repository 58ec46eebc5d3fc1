/** What a worker does with one job BullMQ hands out: verdict, payload, its turn in the process, the attempt, the outcome. */
import type { Clock, Instruments, Logger, Random } from '@ops/core'
import type { Job } from 'bullmq'
import { Admission } from './admission.ts'
import { Attempt, type AttemptPorts } from './attempt.ts'
import type { Breaker } from './breaker.ts'
import type { RedisClient } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { decrypted, type Envelope, openPayload } from './envelope.ts'
import { type AbortKind, InvalidPayloadError, isLockLost } from './errors.ts'
import type { FairnessOptions } from './fairness.ts'
import type { Handlers } from './handler.ts'
import type { JobDefinition } from './job-definition.ts'
import { DeliveredRun } from './job-run.ts'
import type { queueMetrics } from './metrics.ts'
import { decideOutcome, type Outcome, type Standing } from './outcome.ts'
import { type Delivery, Settlement } from './settlement.ts'
import { Solitude } from './solitude.ts'
import type { Store } from './store.ts'
import { type Assessment, Suspicion } from './suspicion.ts'
import type { Tenure } from './tenure.ts'

/** What a {@link Processor} works with. */
export interface ProcessorOptions {
  readonly store: Store
  readonly redis: RedisClient
  readonly jobs: ReadonlyMap<string, JobDefinition>
  readonly handlers: Handlers
  readonly fairness: FairnessOptions | undefined
  readonly breaker: Breaker | undefined
  readonly tenure: Tenure
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Instruments<typeof queueMetrics>
  readonly logger: Logger
}

const MEASURE_MS = 1_000

/** Where in the process an attempt runs, and what is to be done about that. */
interface Place {
  readonly leave?: () => void
  readonly onLockLost?: () => void
  readonly beforeEnd?: () => Promise<void>
}

/** Processes jobs, several at once. */
export class Processor {
  readonly #options: ProcessorOptions
  readonly #attempts = new Map<string, Attempt>()
  readonly #solitude = new Solitude()
  readonly #attemptPorts: AttemptPorts
  readonly #labels: { readonly queue: string }
  readonly #shared: Place = { leave: () => this.#solitude.leaveShared() }
  readonly #suspicion: Suspicion
  readonly #settlement: Settlement
  readonly #admission: Admission | undefined
  #shuttingDown = false

  constructor(options: ProcessorOptions) {
    this.#options = options
    const { store, clock } = options
    this.#labels = { queue: store.name }
    this.#attemptPorts = { queue: store.name, baggage: store.baggage, clock, deadlines: new Deadlines(clock) }
    this.#suspicion = new Suspicion(options.store, options.redis)
    this.#settlement = new Settlement(options)
    const { fairness } = options
    this.#admission = fairness && new Admission({ ...options, fairness })
  }

  /** Attempts running now. */
  get running(): number {
    return this.#attempts.size
  }

  /** Aborts one attempt. */
  abort(id: string, kind: AbortKind): void {
    this.#attempts.get(id)?.abort(kind)
  }

  /** Aborts all attempts, and hands back at once what is still to start. */
  shutDown(): void {
    this.#shuttingDown = true
    for (const attempt of this.#attempts.values()) attempt.abort('shutdown')
  }

  /** Does one job; settles as BullMQ wants it. */
  process(job: Job<Envelope>, token: string): Promise<unknown> {
    const delivery: Delivery = { job, token, context: undefined }
    const isFree = this.#admission === undefined && !this.#solitude.held && this.#options.breaker?.open !== true
    if (!isFree || !this.#suspicion.isClear(job)) return this.#processWithCare(delivery)
    this.#solitude.enterShared()
    return this.#attempt(delivery, this.#shared)
  }

  async #processWithCare(delivery: Delivery): Promise<unknown> {
    const { job } = delivery
    if (this.#options.breaker?.open === true) return this.#settlement.release(delivery, 'breaker', 0)
    const assessment = await this.#suspicion.assess(job)
    if (assessment.kind === 'clear') await this.#admission?.enter(delivery)
    try {
      if (assessment.kind === 'poison') return await this.#buryPoison(delivery, assessment)
      if (assessment.kind === 'suspect') return await this.#processAlone(delivery, assessment)
      if (!this.#solitude.held) this.#solitude.enterShared()
      else await this.#waitForTurn(job)
      return await this.#attempt(delivery, this.#shared)
    } finally {
      this.#admission?.leave(delivery)
    }
  }

  async #waitForTurn(job: Job<Envelope>): Promise<void> {
    const endNote = await this.#suspicion.hold(job)
    await this.#solitude.share()
    await endNote()
  }

  async #processAlone(delivery: Delivery, { crashes, newCrash }: Assessment & { kind: 'suspect' }): Promise<unknown> {
    const { job } = delivery
    const { store, metrics, logger, clock } = this.#options
    if (newCrash) metrics.crashed.inc({ queue: store.name })
    logger.warn(
      { queue: store.name, job: job.name, job_id: job.id, crashes },
      'job ran when its process died, it runs alone now',
    )
    await this.#solitude.isolate()
    let lost = false
    try {
      if (this.#shuttingDown) return await this.#settlement.release(delivery, 'shutdown', 0)
      await this.#suspicion.begin(job, delivery.token)
      const timer = clock.setInterval(() => void this.#suspicion.measure(job).catch(() => {}), MEASURE_MS)
      try {
        return await this.#attempt(delivery, {
          onLockLost: () => (lost = true),
          // Before the job leaves this worker: whoever gets it next must know.
          beforeEnd: () => this.#suspicion.exonerate(job),
        })
      } finally {
        timer.cancel()
      }
    } finally {
      this.#solitude.leaveAlone()
      if (lost) await this.#suspicion.survived(job)
      else metrics.exonerated.inc({ queue: store.name })
    }
  }

  async #buryPoison(
    delivery: Delivery,
    { crashes, memoryMb, coResidents }: Assessment & { kind: 'poison' },
  ): Promise<never> {
    const { store, metrics } = this.#options
    metrics.crashed.inc({ queue: store.name })
    const reason = `job ${delivery.job.name} killed its process ${crashes === 1 ? 'once' : `${crashes} times`} while it ran alone, last at ${memoryMb} MB of memory`
    return this.#settlement.bury(
      delivery,
      { verdict: 'poison', error: new Error(reason), reason, coResidents },
      'poison',
    )
  }

  async #attempt(delivery: Delivery, place: Place): Promise<unknown> {
    const { job } = delivery
    const { metrics, jobs, clock, breaker } = this.#options
    const definition = jobs.get(job.name)
    if (this.#shuttingDown) {
      place.leave?.()
      return this.#settlement.release(delivery, 'shutdown', 0)
    }
    this.#recordWait(job)
    const isProbe = breaker?.probing ?? false
    const startedAt = clock.monotonic()
    let attempt: Attempt | undefined
    try {
      const envelope = this.#isReady(job) ? job.data : await this.#prepare(delivery)
      attempt = this.#begin(delivery, definition, envelope)
      const result = await attempt.settle()
      await place.beforeEnd?.()
      metrics.processed.inc(this.#labels)
      breaker?.passed(isProbe)
      // BullMQ keeps results readable, and nobody asks for them.
      return this.#options.store.secrecy.on ? undefined : result
    } catch (thrown) {
      const outcome = await this.#outcomeOf(thrown, job, isProbe)
      if (outcome.kind === 'discard') place.onLockLost?.()
      else await place.beforeEnd?.()
      return await this.#settlement.fail(delivery, thrown, outcome)
    } finally {
      // It may run here once more, when its lock was lost.
      if (attempt !== undefined && this.#attempts.get(job.id as string) === attempt)
        this.#attempts.delete(job.id as string)
      place.leave?.()
      const seconds = (clock.monotonic() - startedAt) / 1000
      metrics.duration.observe({ queue: this.#labels.queue, job: definition?.name ?? '_unknown' }, seconds)
    }
  }

  async #outcomeOf(thrown: unknown, job: Job<Envelope>, isProbe: boolean): Promise<Outcome> {
    const { breaker, jobs } = this.#options
    // Nothing more is written about a job that another worker has.
    if (isLockLost(thrown)) return { kind: 'discard' }
    const retry = jobs.get(job.name)?.retry ?? { attempts: 1, baseMs: 1, capMs: 1, withinMs: 0 }
    const outcome = decideOutcome(thrown, { retry }, await this.#standing(job))
    // What an outage did is not the job's failure.
    if (breaker === undefined || (outcome.kind !== 'retry' && outcome.kind !== 'dead')) return outcome
    const delayMs = await breaker.failed(outcome.errorType, isProbe)
    return delayMs === undefined ? outcome : { kind: 'release', reason: 'breaker', delayMs }
  }

  /** True when an attempt may begin with the job as it came. */
  #isReady(job: Job<Envelope>): boolean {
    const { store, tenure } = this.#options
    return tenure.isFresh(job) && !store.secrecy.on && job.data.e !== 1
  }

  async #prepare({ job, token }: Delivery): Promise<Envelope> {
    const { store, tenure } = this.#options
    if (!tenure.isFresh(job)) await tenure.renew(job, token)
    return store.secrecy.on || job.data.e === 1 ? decrypted(job.name, job.data, store.secrecy) : job.data
  }

  #begin(delivery: Delivery, definition: JobDefinition | undefined, envelope: Envelope): Attempt {
    const { job } = delivery
    const { handlers, metrics, logger, tenure } = this.#options
    const handler = handlers[job.name]
    if (definition === undefined || handler === undefined) {
      throw new InvalidPayloadError(job.name, 'no handler is known here, expected one of the jobs of this worker')
    }
    const payload = openPayload(definition, envelope)
    const id = job.id as string
    const attempt = new Attempt(this.#attemptPorts, {
      id,
      job: job.name,
      envelope: job.data,
      timeoutMs: definition.timeoutMs,
      onZombie: () => {
        metrics.zombies.inc(this.#labels)
        logger.warn({ ...this.#labels, job: job.name, job_id: id }, 'handler ignored its abort and was given up')
      },
      run: (context) => {
        const run = new DeliveredRun(this.#options, job, context)
        tenure.assertHeld(job)
        return handler(payload as never, run)
      },
    })
    this.#attempts.set(id, attempt)
    delivery.context = attempt.context
    return attempt
  }

  async #standing(job: Job<Envelope>): Promise<Standing> {
    const { store, redis, clock, random } = this.#options
    const hash = store.key(job.id as string)
    const now = clock.now()
    const answers = await redis
      .multi()
      .hsetnx(hash, 'opsFirst', job.processedOn ?? now)
      .hmget(hash, 'opsFirst', 'opsThrottles')
      .exec()
    const [first = now, throttles] = (answers?.[1]?.[1] ?? []) as [string?, (string | null)?]
    return { failures: job.attemptsMade, throttles: Number(throttles ?? 0), ageMs: now - Number(first), random }
  }

  #recordWait(job: Job<Envelope>): void {
    if (job.attemptsStarted > 1 || job.processedOn === undefined) return
    const seconds = (job.processedOn - job.timestamp - (job.opts.delay ?? 0)) / 1000
    this.#options.metrics.wait.observe(this.#labels, Math.max(0, seconds))
  }
}
