import type { JobsOptions, WorkerOptions } from 'bullmq'

/** Options every stored job has: this package decides on retries, BullMQ only carries them out. */
export const STORED: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: 'ops' },
}

/** How long ended jobs are remembered: said once by the worker, not with every job. Ages in seconds. */
export const KEPT: Pick<WorkerOptions, 'removeOnComplete' | 'removeOnFail'> = {
  removeOnComplete: { age: 86_400, count: 1_000 },
  removeOnFail: { age: 30 * 86_400, count: 100_000 },
}
