/** createWorker: runs handlers for a queue's jobs until it is drained. */
import { hostname } from 'node:os'
import { type Clock, type Logger, type Meter, noopMeter, silentLogger } from '@ops/core'
import { Worker as BullWorker } from 'bullmq'
import { assertNoEviction, connected, workerConnection } from './connection.ts'
import type { Envelope } from './envelope.ts'
import type { Handlers } from './handler.ts'
import { queueMetrics } from './metrics.ts'
import { Processor } from './processor.ts'
import { internalsOf, type Queue } from './queue.ts'
import { reconcile } from './reconciler.ts'
import type { Schedule } from './schedule.ts'
import { Scheduler } from './scheduler.ts'
import { tryGetDelay } from './settlement.ts'
import { prefixOf } from './store.ts'
import { KEPT } from './stored-options.ts'
import { startWatchdog } from './watchdog.ts'

/** Options of {@link createWorker}. */
export interface WorkerOptions {
  /** Jobs at once, 1 to 1,000; what `WORKER_CONCURRENCY` holds. @defaultValue 4 */
  readonly concurrency?: number
  /** How long a drain may take in all, in milliseconds, 100 to 3,600,000; less than the platform's grace. @defaultValue 25_000 */
  readonly drainMs?: number
  /**
   * A job whose worker shows no sign of life for this long is taken from it, in milliseconds, 1,000 to 600,000.
   * Must be longer than the longest block of the event loop. @defaultValue 4_000
   */
  readonly lockMs?: number
  /**
   * The process is ended when its event loop was blocked for this long, in milliseconds, 500 to 3,600,000, or 0 for never:
   * else an endless loop would hold its jobs for good. Off under a debugger. @defaultValue 30_000
   */
  readonly hangMs?: number
  /**
   * What runs by the clock. The queue's schedules become these, whatever they were before; each run is one job however many workers
   * declare it. @defaultValue the queue's schedules stay as they are
   */
  readonly schedules?: readonly Schedule[]
  /** @defaultValue noopMeter */
  readonly meter?: Meter
  /** @defaultValue silentLogger */
  readonly logger?: Logger
}

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
  const {
    concurrency = 4,
    drainMs = 25_000,
    lockMs = 4_000,
    hangMs = 30_000,
    schedules,
    meter = noopMeter,
    logger = silentLogger,
  } = options
  assertRange('concurrency', concurrency, [1, 1_000])
  assertRange('drainMs', drainMs, [100, 3_600_000])
  assertRange('lockMs', lockMs, [1_000, 600_000])
  if (hangMs !== 0) assertRange('hangMs', hangMs, [500, 3_600_000])
  const { store, jobs, clock, random, fairness } = internalsOf(queue)
  for (const name of Object.keys(handlers)) {
    if (!jobs.has(name))
      throw new TypeError(`Cannot work off ${queue.name}: it has no job ${name}, expected handlers for its jobs only`)
  }
  for (const { name, job } of schedules ?? []) {
    if (!jobs.has(job.name))
      throw new TypeError(
        `Cannot schedule ${name} on ${queue.name}: it has no job ${job.name}, expected one of its jobs`,
      )
  }
  const scheduler = schedules && new Scheduler({ store, schedules, logger })
  const redis = workerConnection(store.redis)
  redis.on('error', () => {})
  const metrics = meter.instruments(queueMetrics)
  const processor = new Processor({ store, redis, jobs, handlers, fairness, clock, random, metrics, logger })
  const bull = new BullWorker<Envelope>(queue.name, (job, token) => processor.process(job, token as string), {
    connection: redis as never,
    prefix: prefixOf(queue.name),
    name: `${hostname()}:${process.pid}`,
    autorun: false,
    ...KEPT,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: lockMs / 2,
    // This package finds out who is guilty; BullMQ would blame all.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    drainDelay: 2,
    runRetryDelay: 500,
    settings: { backoffStrategy: (_attempts, _type, error) => tryGetDelay(error) ?? 1_000 },
  })
  bull.on('error', (error) => logger.debug({ queue: queue.name, error }, 'queue connection or lock failed'))
  bull.on('lockRenewalFailed', (ids) => {
    for (const id of ids) processor.abort(id, 'lock_lost')
  })
  const stopWatchdog = startWatchdog(hangMs, clock)
  const reconciling = clock.setInterval(maintain, RECONCILE_MS)
  const started = start()
  started.catch((error: unknown) => {
    if (draining === undefined) logger.error({ queue: queue.name, error }, 'worker takes no jobs')
  })
  let draining: Promise<void> | undefined

  async function start(): Promise<void> {
    await connected(redis)
    await assertNoEviction(redis, queue.name)
    maintain()
    bull.run().catch((error: unknown) => logger.error({ queue: queue.name, error }, 'worker stopped'))
  }

  function maintain(): void {
    scheduler
      ?.keep()
      .catch((error: unknown) => draining ?? logger.error({ queue: queue.name, error }, 'schedules could not be kept'))
    reconcile(store, redis).then(
      (found) => found > 0 && logger.error({ queue: queue.name, found }, 'failed jobs had no dead letter'),
      (error: unknown) => draining ?? logger.debug({ queue: queue.name, error }, 'failed jobs could not be checked'),
    )
  }

  const drain = (ms: number, signal?: AbortSignal): Promise<void> => {
    reconciling.cancel()
    draining ??= end({ bull, processor, clock, ms, signal }).finally(async () => {
      redis.disconnect()
      await stopWatchdog()
    })
    return draining
  }
  return { ready: () => started, drain: (signal) => drain(drainMs, signal), close: () => drain(0) }
}

interface Ending {
  readonly bull: BullWorker<Envelope>
  readonly processor: Processor
  readonly clock: Clock
  readonly ms: number
  readonly signal: AbortSignal | undefined
}

const RECONCILE_MS = 60_000
/** Of a drain, what is left for aborted handlers to end and for handing back. */
const GRACE_MS = 1_500

async function end({ bull, processor, clock, ms, signal }: Ending): Promise<void> {
  await bull.pause(true)
  let shutDown = () => {}
  const timer = clock.setTimeout(() => shutDown(), Math.max(0, ms - GRACE_MS), { keepAlive: true })
  shutDown = () => processor.shutDown()
  if (signal?.aborted === true || ms === 0) shutDown()
  signal?.addEventListener('abort', shutDown, { once: true })
  try {
    await bull.close()
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', shutDown)
  }
}

function assertRange(what: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`Cannot create worker: ${what} is ${value}, expected an integer from ${min} to ${max}`)
  }
}
