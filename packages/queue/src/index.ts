export type { BreakerOptions, OutageType } from './breaker-options.ts'
export type { Cipher, CipherBinding } from './cipher.ts'
export type { RedisClient } from './connection.ts'
export { type DeadLetter, type JobCounters, VERDICTS, type Verdict } from './dead-letter.ts'
export type { DiscardOptions } from './dead-letters.ts'
export type { Enqueued, EnqueueOptions, Entry } from './enqueue.ts'
export type { ErrorRecord } from './error-record.ts'
export {
  type AbortKind,
  InvalidPayloadError,
  JobAbortError,
  PermanentError,
  permanent,
  QueueEvictingError,
  QueueUnavailableError,
  retryAfter,
  ThrottledError,
} from './errors.ts'
export type { FairnessOptions } from './fairness.ts'
export type { Handler, Handlers, JobRun } from './handler.ts'
export { defineJob, type JobDefinition, type JobOptions, type RetryOptions } from './job-definition.ts'
export type { DeadLetterFilter, DeadLetterGroup } from './letter-filter.ts'
export { queueMetrics } from './metrics.ts'
export { createQueue, type DeadLetters, type Queue, type QueueOptions } from './queue.ts'
export type { RedriveOptions, RedriveReport } from './redrive.ts'
export { type Schedule, type ScheduleOptions, schedule } from './schedule.ts'
export type { QueueStatus } from './status.ts'
export { createWorker, type Worker } from './worker.ts'
export type { WorkerOptions } from './worker-options.ts'
