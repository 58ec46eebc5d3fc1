/** How a worker works: its options, their defaults and ranges. */
import { type Logger, type Meter, noopMeter, silentLogger } from '@ops/core'
import type { Handlers } from './handler.ts'
import type { JobDefinition } from './job-definition.ts'
import type { Schedule } from './schedule.ts'

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

/** Options with their defaults. */
export type WorkerSettings = Required<Omit<WorkerOptions, 'schedules'>> & Pick<WorkerOptions, 'schedules'>

/** The options with their defaults. @throws RangeError for one outside its range */
export function resolveWorker(options: WorkerOptions): WorkerSettings {
  const { concurrency = 4, drainMs = 25_000, lockMs = 4_000, hangMs = 30_000, ...rest } = options
  assertRange('concurrency', concurrency, [1, 1_000])
  assertRange('drainMs', drainMs, [100, 3_600_000])
  assertRange('lockMs', lockMs, [1_000, 600_000])
  if (hangMs !== 0) assertRange('hangMs', hangMs, [500, 3_600_000])
  const { meter = noopMeter, logger = silentLogger, schedules } = rest
  return { concurrency, drainMs, lockMs, hangMs, meter, logger, ...(schedules && { schedules }) }
}

/** @throws TypeError for a handler or a schedule of a job that the queue does not carry */
export function assertCarried(
  queue: string,
  jobs: ReadonlyMap<string, JobDefinition>,
  { handlers, schedules = [] }: { readonly handlers: Handlers; readonly schedules?: readonly Schedule[] | undefined },
): void {
  for (const name of Object.keys(handlers)) {
    if (!jobs.has(name))
      throw new TypeError(`Cannot work off ${queue}: it has no job ${name}, expected handlers for its jobs only`)
  }
  for (const { name, job } of schedules) {
    if (!jobs.has(job.name))
      throw new TypeError(`Cannot schedule ${name} on ${queue}: it has no job ${job.name}, expected one of its jobs`)
  }
}

function assertRange(what: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`Cannot create worker: ${what} is ${value}, expected an integer from ${min} to ${max}`)
  }
}
