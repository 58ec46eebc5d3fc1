/** Every error of this package, and what handlers throw to say how a failure is to be treated. */
import { OpsError } from '@ops/core'

/** A payload broke its schema, or its job or version is not known here. Code `OPS_QUEUE_INVALID_PAYLOAD`. */
export class InvalidPayloadError extends OpsError {
  override readonly name = 'InvalidPayloadError'

  constructor(job: string, problem: string) {
    super(`Cannot take payload of job ${job}: ${problem}`, { code: 'OPS_QUEUE_INVALID_PAYLOAD', details: { job } })
  }
}

/** Redis did not answer. Code `OPS_QUEUE_UNAVAILABLE`. */
export class QueueUnavailableError extends OpsError {
  override readonly name = 'QueueUnavailableError'

  constructor(queue: string, cause: unknown) {
    super(`Cannot use queue ${queue}: Redis did not answer, expected a connection that does`, {
      code: 'OPS_QUEUE_UNAVAILABLE',
      cause,
      details: { queue },
    })
  }
}

/** The Redis may evict keys, and so lose jobs. Code `OPS_QUEUE_EVICTING`. */
export class QueueEvictingError extends OpsError {
  override readonly name = 'QueueEvictingError'

  constructor(queue: string, policy: string) {
    super(`Cannot keep queue ${queue} in this Redis: maxmemory-policy is ${policy}, expected noeviction`, {
      code: 'OPS_QUEUE_EVICTING',
      details: { queue, policy },
    })
  }
}

/** Why a running attempt was stopped. */
export type AbortKind = 'timeout' | 'shutdown' | 'lock_lost'

const ABORT_CODES = {
  timeout: 'OPS_QUEUE_TIMEOUT',
  shutdown: 'OPS_QUEUE_SHUTDOWN',
  lock_lost: 'OPS_QUEUE_LOCK_LOST',
} as const
const ABORT_STATES = {
  timeout: 'its time is up, expected it to end within timeoutMs',
  shutdown: 'the worker shuts down, expected it to stop; the job is handed back uncharged',
  lock_lost: 'its lock was lost, expected it to stop; another worker has the job',
} as const

/** The reason of a handler's abort signal. Codes `OPS_QUEUE_TIMEOUT`, `OPS_QUEUE_SHUTDOWN`, `OPS_QUEUE_LOCK_LOST`. */
export class JobAbortError extends OpsError {
  override readonly name = 'JobAbortError'
  readonly kind: AbortKind

  constructor(job: string, kind: AbortKind) {
    super(`Cannot go on with job ${job}: ${ABORT_STATES[kind]}`, { code: ABORT_CODES[kind], details: { job } })
    this.kind = kind
  }
}

/** True for what ends an attempt whose job another worker has. */
export function isLockLost(thrown: unknown): boolean {
  return thrown instanceof JobAbortError && thrown.kind === 'lock_lost'
}

/** What {@link permanent} makes. Code `OPS_QUEUE_PERMANENT`. */
export class PermanentError extends OpsError {
  override readonly name = 'PermanentError'

  constructor(cause: unknown) {
    super(`Cannot do this job, ever: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'OPS_QUEUE_PERMANENT',
      cause,
    })
  }
}

/** What {@link retryAfter} makes. Code `OPS_QUEUE_THROTTLED`. */
export class ThrottledError extends OpsError {
  override readonly name = 'ThrottledError'
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, cause?: unknown) {
    super(`Cannot do this job yet: the other side asks to wait ${retryAfterMs} ms`, {
      code: 'OPS_QUEUE_THROTTLED',
      cause,
      details: { retryAfterMs },
    })
    this.retryAfterMs = retryAfterMs
  }
}

/** Thrown by a handler: no further attempt can help. The job becomes a dead letter at once. */
export function permanent(cause: unknown): PermanentError {
  return new PermanentError(cause)
}

/** Thrown by a handler: the other side is busy until then. The attempt is not charged. @throws RangeError for less than 0 or over a day. */
export function retryAfter(ms: number, cause?: unknown): ThrottledError {
  if (!(ms >= 0 && ms <= 86_400_000)) {
    throw new RangeError(`Cannot retry after ${ms} ms: expected 0 to 86400000`)
  }
  return new ThrottledError(Math.ceil(ms), cause)
}
