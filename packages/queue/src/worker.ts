/** createWorker: runs handlers for a queue's jobs until it is drained. */
import type { Timer } from '@ops/core'
import { Breaker } from './breaker.ts'
import { assertNoEviction, connected, type RedisClient, workerConnection } from './connection.ts'
import { Fetcher } from './fetcher.ts'
import type { Handlers } from './handler.ts'
import { queueMetrics } from './metrics.ts'
import { Outage } from './outage.ts'
import { Processor } from './processor.ts'
import { internalsOf, type Queue, type QueueInternals } from './queue.ts'
import { reconcile } from './reconciler.ts'
import { Scheduler } from './scheduler.ts'
import { Tenure } from './tenure.ts'
import { startWatchdog } from './watchdog.ts'
import { assertCarried, resolveWorker, type WorkerOptions, type WorkerSettings } from './worker-options.ts'

/** A running worker. */
export interface Worker {
  /** Resolves once it takes jobs. @throws QueueEvictingError when the Redis may evict keys: it then takes none. */
  ready(): Promise<void>
  /**
   * Takes no more jobs, waits, aborts what still runs near the end of `drainMs` (or when `signal` aborts), hands back uncharged what did
   * not finish, and closes. Calling again gives the same promise.
   */
  drain(signal?: AbortSignal): Promise<void>
  /** A drain that aborts at once. */
  close(): Promise<void>
}

/**
 * Creates a worker and starts it. It makes two connections of its own; `queue` and its client stay the caller's.
 *
 * @throws TypeError for a job without a handler, RangeError for an option outside its range.
 * @example
 * const worker = createWorker(queue, { [sendInvoice.name]: async (payload: Invoice) => send(payload) })
 */
export function createWorker(queue: Queue, handlers: Handlers, options: WorkerOptions = {}): Worker {
  const settings = resolveWorker(options)
  const internals = internalsOf(queue)
  assertCarried(queue.name, internals.jobs, { handlers, schedules: settings.schedules })
  const worker = new RunningWorker(internals, handlers, settings)
  return {
    ready: () => worker.started,
    drain: (signal) => worker.drain(settings.drainMs, signal),
    close: () => worker.drain(0),
  }
}

const MAINTAIN_MS = 60_000
/** Of a drain, what is left for aborted handlers to end and for handing back. */
const GRACE_MS = 1_500

/** One worker: BullMQ's, which fetches, and what this package does with what it fetched. */
class RunningWorker {
  readonly started: Promise<void>
  readonly #internals: QueueInternals
  readonly #settings: WorkerSettings
  readonly #redis: RedisClient
  readonly #bull: Fetcher
  readonly #processor: Processor
  readonly #breaker: Breaker | undefined
  readonly #scheduler: Scheduler | undefined
  readonly #maintaining: Timer
  readonly #stopWatchdog: () => Promise<unknown>
  #draining: Promise<void> | undefined

  constructor(internals: QueueInternals, handlers: Handlers, settings: WorkerSettings) {
    const { store, clock } = internals
    const { meter, logger, schedules } = settings
    this.#internals = internals
    this.#settings = settings
    // First what may throw: nothing is open yet.
    this.#scheduler = schedules && new Scheduler({ store, schedules, logger })
    this.#redis = workerConnection(store.redis)
    this.#redis.on('error', () => {})
    this.#breaker = this.#createBreaker()
    const own = {
      handlers,
      redis: this.#redis,
      breaker: this.#breaker,
      metrics: meter.instruments(queueMetrics),
      logger,
    }
    const tenure = new Tenure(clock, settings.lockMs)
    this.#processor = new Processor({ ...internals, ...own, tenure })
    this.#bull = new Fetcher({ queue: store.name, redis: this.#redis, settings, processor: this.#processor, tenure })
    this.#stopWatchdog = startWatchdog(settings.hangMs, clock)
    this.#maintaining = clock.setInterval(() => this.#maintain(), MAINTAIN_MS)
    this.started = this.#start()
    this.started.catch((error: unknown) => this.#report(error, 'worker takes no jobs'))
  }

  drain(ms: number, signal?: AbortSignal): Promise<void> {
    this.#draining ??= this.#end(ms, signal)
    return this.#draining
  }

  async #start(): Promise<void> {
    await connected(this.#redis)
    await assertNoEviction(this.#redis, this.#internals.store.name)
    this.#maintain()
    await this.#breaker?.start()
    // It runs by now where this worker found itself to be the one that probes.
    if (!this.#bull.isRunning()) this.#bull.run().catch((error: unknown) => this.#report(error, 'worker stopped'))
  }

  #maintain(): void {
    const { store } = this.#internals
    const { logger } = this.#settings
    const queue = store.name
    this.#scheduler?.keep().catch((error: unknown) => this.#report(error, 'schedules could not be kept'))
    reconcile(store, this.#redis).then(
      (found) => found > 0 && logger.error({ queue, found }, 'failed jobs had no dead letter'),
      (error: unknown) => this.#draining ?? logger.debug({ queue, error }, 'failed jobs could not be checked'),
    )
  }

  async #end(ms: number, signal: AbortSignal | undefined): Promise<void> {
    this.#maintaining.cancel()
    this.#breaker?.stop()
    const shutDown = (): void => this.#processor.shutDown()
    const patience = Math.max(0, ms - GRACE_MS)
    try {
      await this.#bull.pause(true)
      const timer = this.#internals.clock.setTimeout(shutDown, patience, { keepAlive: true })
      if (signal?.aborted === true || ms === 0) shutDown()
      signal?.addEventListener('abort', shutDown, { once: true })
      await this.#bull.close().finally(() => timer.cancel())
    } finally {
      signal?.removeEventListener('abort', shutDown)
      this.#redis.disconnect()
      await this.#stopWatchdog()
    }
  }

  #createBreaker(): Breaker | undefined {
    const { store, breaker: options, clock } = this.#internals
    if (options === undefined) return undefined
    const { concurrency, logger } = this.#settings
    const take = (atOnce: number): void => {
      if (this.#draining !== undefined) return
      this.#bull.concurrency = atOnce
      this.#bull.resume()
    }
    const tap = {
      stop: () => void this.#bull.pause(true),
      takeOne: () => take(this.#processor.running + 1),
      takeAll: () => take(concurrency),
    }
    return new Breaker({
      queue: store.name,
      outage: new Outage(store, this.#redis, options),
      options,
      tap,
      clock,
      logger,
    })
  }

  #report(error: unknown, message: string): void {
    if (this.#draining === undefined) this.#settings.logger.error({ queue: this.#internals.store.name, error }, message)
  }
}
