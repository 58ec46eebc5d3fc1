/** Carries an outcome out: in Redis through BullMQ, in the metrics and in the log. */
import { type Clock, type Instruments, type Logger, runInContext, type WorkContext } from '@ops/core'
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq'
import { bury, type Death } from './burial.ts'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import { recordError } from './error-record.ts'
import type { ErrorType, queueMetrics, ReleaseReason } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import type { Store } from './store.ts'

const DELAY = Symbol('ops.delay')

/** An error that tells BullMQ, which only carries out, how long to wait before the next attempt. */
function retryIn(message: string, delayMs: number): Error {
  const error = Object.assign(new Error(message), { [DELAY]: delayMs })
  // BullMQ stores the stack; the dead letter will have the real one.
  error.stack = message
  return error
}

/** The wait that an attempt's error asks for; undefined for errors of others. */
export function tryGetDelay(error: Error | undefined): number | undefined {
  return (error as { readonly [DELAY]?: number } | undefined)?.[DELAY]
}

/** Where outcomes go. */
export interface SettlementPorts {
  readonly store: Store
  readonly redis: RedisClient
  readonly metrics: Instruments<typeof queueMetrics>
  readonly logger: Logger
  readonly clock: Clock
}

/** One job as BullMQ handed it out. */
export interface Delivery {
  readonly job: Job<Envelope>
  readonly token: string
  /** The context its handler ran in: lines about it carry the same trace and tenant. Undefined until it runs. */
  context: WorkContext | undefined
}

function within({ context }: Delivery, log: () => void): void {
  if (context === undefined) log()
  else runInContext(context, log)
}

/** Ends attempts. Every method throws the error by which BullMQ does what it says. */
export class Settlement {
  readonly #ports: SettlementPorts

  constructor(ports: SettlementPorts) {
    this.#ports = ports
  }

  /** @throws always */
  async fail(delivery: Delivery, thrown: unknown, outcome: Outcome): Promise<never> {
    const { metrics, logger, store } = this.#ports
    const queue = store.name
    const { job } = delivery
    if (outcome.kind === 'discard') return this.discard()
    if (outcome.kind === 'release') return this.release(delivery, outcome.reason, outcome.delayMs)
    if (outcome.kind === 'dead')
      return this.bury(delivery, { verdict: outcome.verdict, error: thrown }, outcome.errorType)
    metrics.processed.inc({ queue })
    metrics.failed.inc({ queue, error_type: outcome.errorType })
    metrics.retried.inc({ queue })
    const attempt = job.attemptsMade + 1
    const facts = { queue, job: job.name, job_id: job.id, attempt, retry_in_ms: outcome.delayMs, error: thrown }
    within(delivery, () => logger.warn(facts, 'job failed, will be retried'))
    const [top] = recordError(thrown)
    // BullMQ keeps it beside the job, readable.
    throw retryIn((store.secrecy.on ? top?.type : top?.message) ?? 'failed', outcome.delayMs)
  }

  /** Leaves the job to the worker that has it by now. @throws always */
  discard(): never {
    this.#ports.metrics.lockLost.inc({ queue: this.#ports.store.name })
    throw new DelayedError('the lock was lost')
  }

  /** Hands the job back, uncharged. @throws always */
  async release({ job, token }: Delivery, reason: ReleaseReason, delayMs: number): Promise<never> {
    const { store, redis, metrics, clock } = this.#ports
    const hash = store.key(job.id as string)
    await redis.hincrby(hash, reason === 'throttled' ? 'opsThrottles' : 'opsReleases', 1)
    if (delayMs > 0) await job.moveToDelayed(clock.now() + delayMs, token)
    else await job.moveToWait(token)
    metrics.released.inc({ queue: store.name, reason })
    throw delayMs > 0 ? new DelayedError(reason) : new WaitingError(reason)
  }

  /** Makes a dead letter. @throws always */
  async bury(delivery: Delivery, death: Death, errorType: ErrorType): Promise<never> {
    const { metrics, logger, store } = this.#ports
    const { job, token } = delivery
    const letter = await bury(job, death, { ...this.#ports, token })
    if (letter === undefined) return this.discard()
    if (errorType !== 'poison') metrics.processed.inc({ queue: store.name })
    metrics.failed.inc({ queue: store.name, error_type: errorType })
    metrics.dead.inc({ queue: store.name })
    const { verdict, reason, fingerprint } = letter
    const of = { queue: store.name, job: job.name, job_id: job.id }
    within(delivery, () => logger.error({ ...of, verdict, reason, fingerprint, error: death.error }, 'job is dead'))
    const end = new UnrecoverableError(reason)
    end.stack = reason
    throw end
  }
}
