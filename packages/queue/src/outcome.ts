/** The outcome table as one pure function: what a failure costs, and what happens to the job next. */
import type { Random } from '@ops/core'
import { backoffMs } from './backoff.ts'
import type { Verdict } from './dead-letter.ts'
import { InvalidPayloadError, isLockLost, JobAbortError, PermanentError, ThrottledError } from './errors.ts'
import type { JobDefinition } from './job-definition.ts'
import type { ErrorType, ReleaseReason } from './metrics.ts'

/** What happens to a job whose attempt failed. */
export type Outcome =
  | { readonly kind: 'retry'; readonly errorType: ErrorType; readonly delayMs: number }
  | { readonly kind: 'release'; readonly reason: ReleaseReason; readonly delayMs: number }
  | { readonly kind: 'dead'; readonly errorType: ErrorType; readonly verdict: Verdict }
  | { readonly kind: 'discard' }

/** What the outcome depends on besides the error. */
export interface Standing {
  /** Charged failures before this one. */
  readonly failures: number
  /** Times the job was throttled before. */
  readonly throttles: number
  /** Since its first attempt began. */
  readonly ageMs: number
  readonly random: Random
}

/** Times a job may be throttled: its own budget, beside the attempts. */
const MAX_THROTTLES = 100

/** Decides by the error, `failures` and the job's retry options. */
export function decideOutcome(thrown: unknown, job: Pick<JobDefinition, 'retry'>, standing: Standing): Outcome {
  if (isLockLost(thrown)) return { kind: 'discard' }
  if (thrown instanceof JobAbortError && thrown.kind === 'shutdown')
    return { kind: 'release', reason: 'shutdown', delayMs: 0 }
  if (thrown instanceof InvalidPayloadError) return { kind: 'dead', errorType: 'validation', verdict: 'invalid' }
  if (thrown instanceof PermanentError) return { kind: 'dead', errorType: 'permanent', verdict: 'permanent' }
  if (thrown instanceof ThrottledError) return decideThrottled(thrown, job, standing)
  const errorType = errorTypeOf(thrown)
  const delayMs = backoffMs(standing.failures + 1, job.retry, standing.random)
  const spent = standing.failures + 1 >= job.retry.attempts || standing.ageMs + delayMs > job.retry.withinMs
  return spent ? { kind: 'dead', errorType, verdict: 'exhausted' } : { kind: 'retry', errorType, delayMs }
}

function decideThrottled(
  { retryAfterMs }: ThrottledError,
  { retry }: Pick<JobDefinition, 'retry'>,
  standing: Standing,
): Outcome {
  // Jitter, or all that were told the same time come back at once.
  const delayMs = retryAfterMs + Math.floor(standing.random.next() * Math.max(retry.baseMs, retryAfterMs / 10))
  if (standing.throttles >= MAX_THROTTLES || standing.ageMs + delayMs > retry.withinMs) {
    return { kind: 'dead', errorType: 'throttled', verdict: 'exhausted' }
  }
  return { kind: 'release', reason: 'throttled', delayMs }
}

/** Codes by which Node and drivers say that the other side could not be reached. */
const NETWORK_CODE = /^(?:ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|UND_ERR_)/

function errorTypeOf(thrown: unknown): ErrorType {
  if (thrown instanceof JobAbortError) return 'timeout'
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const { code } = error as { code?: unknown }
    if (error.name === 'TimeoutError') return 'timeout'
    if (typeof code === 'string' && (NETWORK_CODE.test(code) || /_UNAVAILABLE$/.test(code))) return 'dependency'
  }
  return 'unknown'
}
