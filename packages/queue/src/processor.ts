/** What a worker does with one job BullMQ hands out: verdict, payload, its turn in the process, the attempt, the outcome. */
import type { Clock, Instruments, Logger, Random } from '@ops/core'
import type { Job } from 'bullmq'
import { Admission } from './admission.ts'
import { Attempt } from './attempt.ts'
import type { Breaker } from './breaker.ts'
import type { RedisClient } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { decrypted, type Envelope, openPayload } from './envelope.ts'
import { type AbortKind, InvalidPayloadError, isLockLost } from './errors.ts'
import type { FairnessOptions } from './fairness.ts'
import type { Handlers, JobRun } from './handler.ts'
import type { JobDefinition } from './job-definition.ts'
import type { queueMetrics } from './metrics.ts'
import { runOnce } from './once.ts'
import { decideOutcome, type Outcome, type Standing } from './outcome.ts'
import { storable } from './result.ts'
import { dueTimeOf } from './scheduler.ts'
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

/** Processes jobs, several at once. */
export class Processor {
  readonly #options: ProcessorOptions
  readonly #attempts = new Map<string, Attempt>()
  readonly #solitude = new Solitude()
  readonly #deadlines: Deadlines
  readonly #suspicion: Suspicion
  readonly #settlement: Settlement
  readonly #admission: Admission | undefined
  #shuttingDown = false

  constructor(options: ProcessorOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock)
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
  async process(job: Job<Envelope>, token: string): Promise<unknown> {
    const delivery: Delivery = { job, token, context: undefined }
    if (this.#options.breaker?.open === true) return this.#settlement.release(delivery, 'breaker', 0)
    const assessment = await this.#suspicion.assess(job)
    if (assessment.kind === 'clear') await this.#admission?.enter(delivery)
    try {
      if (assessment.kind === 'poison') return await this.#buryPoison(delivery, assessment)
      if (assessment.kind === 'suspect') return await this.#processAlone(delivery, assessment)
      return await this.#processShared(delivery)
    } finally {
      this.#admission?.leave(delivery)
    }
  }

  async #processShared(delivery: Delivery): Promise<unknown> {
    if (!this.#solitude.held) this.#solitude.enterShared()
    else await this.#waitForTurn(delivery.job)
    try {
      return await this.#attempt(delivery)
    } finally {
      this.#solitude.leaveShared()
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

  async #attempt(
    delivery: Delivery,
    alone: { readonly onLockLost?: () => void; readonly beforeEnd?: () => Promise<void> } = {},
  ): Promise<unknown> {
    const { job } = delivery
    const { store, metrics, jobs, clock, breaker } = this.#options
    const definition = jobs.get(job.name)
    if (this.#shuttingDown) return this.#settlement.release(delivery, 'shutdown', 0)
    this.#recordWait(job)
    const isProbe = breaker?.probing ?? false
    const startedAt = clock.monotonic()
    try {
      const result = await this.#run(delivery, definition)
      await alone.beforeEnd?.()
      metrics.processed.inc({ queue: store.name })
      breaker?.passed(isProbe)
      return result
    } catch (thrown) {
      const outcome = await this.#outcomeOf(thrown, job, isProbe)
      if (outcome.kind === 'discard') {
        alone.onLockLost?.()
      } else await alone.beforeEnd?.()
      return await this.#settlement.fail(delivery, thrown, outcome)
    } finally {
      const seconds = (clock.monotonic() - startedAt) / 1000
      metrics.duration.observe({ queue: store.name, job: definition?.name ?? '_unknown' }, seconds)
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

  async #run(delivery: Delivery, definition: JobDefinition | undefined): Promise<unknown> {
    const { job, token } = delivery
    const { handlers, store, clock, metrics, logger, tenure } = this.#options
    if (!tenure.isFresh(job)) await tenure.renew(job, token)
    const handler = handlers[job.name]
    if (definition === undefined || handler === undefined) {
      throw new InvalidPayloadError(job.name, 'no handler is known here, expected one of the jobs of this worker')
    }
    const envelope =
      store.secrecy.on || job.data.e === 1 ? await decrypted(job.name, job.data, store.secrecy) : job.data
    const payload = openPayload(definition, envelope)
    const id = job.id as string
    const attempt = new Attempt({
      id,
      job: job.name,
      queue: store.name,
      envelope: job.data,
      baggage: store.baggage,
      timeoutMs: definition.timeoutMs,
      clock,
      deadlines: this.#deadlines,
      onZombie: () => {
        metrics.zombies.inc({ queue: store.name })
        logger.warn({ queue: store.name, job: job.name, job_id: id }, 'handler ignored its abort and was given up')
      },
      run: async (context) => {
        const run = this.#runOf(job, () => context.signal)
        tenure.assertHeld(job)
        return storable(await handler(payload as never, run))
      },
    })
    this.#attempts.set(id, attempt)
    delivery.context = attempt.context
    try {
      const result = await attempt.settle()
      // BullMQ keeps results readable, and nobody asks for them.
      return store.secrecy.on ? undefined : result
    } finally {
      this.#attempts.delete(id)
    }
  }

  #runOf(job: Job<Envelope>, signal: () => AbortSignal): JobRun {
    const { store, redis } = this.#options
    const root = job.data.from?.[0] ?? (job.id as string)
    return {
      id: job.id as string,
      name: job.name,
      tenant: job.data.t,
      dueAt: dueTimeOf(root),
      attempt: job.attemptsMade + 1,
      fence: (job.data.f ?? 0) + job.attemptsStarted,
      get signal() {
        return signal()
      },
      once: (name, effect) =>
        runOnce(redis, {
          key: store.key(`ops-once:${root}`),
          name,
          effect,
          secrecy: store.secrecy,
          of: { job: job.name, tenant: job.data.t },
        }),
    }
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
    this.#options.metrics.wait.observe({ queue: this.#options.store.name }, Math.max(0, seconds))
  }
}
