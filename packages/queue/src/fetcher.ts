/** BullMQ's worker, which fetches, locks and settles jobs as the processor says. */
import { hostname } from 'node:os'
import { Worker as BullWorker, type Job, type JobJson } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import { Outlet } from './outlet.ts'
import type { Processor } from './processor.ts'
import { tryGetDelay } from './settlement.ts'
import { prefixOf } from './store.ts'
import { KEPT } from './stored-options.ts'
import type { Tenure } from './tenure.ts'
import type { WorkerSettings } from './worker-options.ts'

/** What a {@link Fetcher} works with. */
export interface FetcherOptions {
  readonly queue: string
  readonly redis: RedisClient
  readonly settings: WorkerSettings
  readonly processor: Processor
  readonly tenure: Tenure
}

/** Fetches jobs and notes since when they are its own. */
export class Fetcher extends BullWorker<Envelope> {
  readonly #tenure: Tenure
  readonly #outlet: Outlet

  constructor({ queue, redis, settings, processor, tenure }: FetcherOptions) {
    const { concurrency, lockMs, logger } = settings
    super(queue, (job, token) => processor.process(job, token as string), {
      connection: redis as never,
      prefix: prefixOf(queue),
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
    this.#tenure = tenure
    this.#outlet = new Outlet(redis)
    this.on('error', (error) => logger.debug({ queue, error }, 'queue connection or lock failed'))
    this.on('lockRenewalFailed', (ids) => {
      for (const id of ids) processor.abort(id, 'lock_lost')
    })
  }

  protected override createJob(data: JobJson, id: string): Job<Envelope> {
    const job = super.createJob(data, id)
    this.#tenure.note(job)
    // Jobs arrive together, and those that end at once are told together.
    this.#outlet.hold()
    return job
  }
}
