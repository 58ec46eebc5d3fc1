import type { JobsOptions } from 'bullmq'

/** Options every stored job has: this package decides on retries, BullMQ only carries them out. */
export const STORED: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: 'ops' },
  removeOnComplete: { age: 86_400, count: 1_000 },
  removeOnFail: { age: 30 * 86_400, count: 100_000 },
  stackTraceLimit: 1,
}
