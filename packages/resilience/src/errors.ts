import { OpsError } from '@ops/core'

/** Thrown where the time of a call or of its context is up. Code `OPS_RESILIENCE_TIMEOUT`. */
export class PolicyTimeoutError extends OpsError {
  override readonly name = 'PolicyTimeoutError'

  constructor(policy: string, timeoutMs: number) {
    super(`Cannot finish a call of ${policy}: no answer after ${Math.ceil(timeoutMs)} ms, expected one sooner`, {
      code: 'OPS_RESILIENCE_TIMEOUT',
      details: { policy, timeoutMs },
    })
  }
}

/** Thrown where the breaker lets nothing through. Code `OPS_RESILIENCE_CIRCUIT_OPEN`. */
export class CircuitOpenError extends OpsError {
  override readonly name = 'CircuitOpenError'
  /** When a call may get through again, in milliseconds from now. */
  readonly retryAfterMs: number

  constructor(policy: string, retryAfterMs: number) {
    super(`Cannot call ${policy}: its breaker is open, expected it closed`, {
      code: 'OPS_RESILIENCE_CIRCUIT_OPEN',
      details: { policy, retryAfterMs },
    })
    this.retryAfterMs = retryAfterMs
  }
}

/** Thrown where all places of a bulkhead and of its queue are taken. Code `OPS_RESILIENCE_BULKHEAD_FULL`. */
export class BulkheadFullError extends OpsError {
  override readonly name = 'BulkheadFullError'

  constructor(policy: string, concurrent: number, queue: number) {
    super(`Cannot call ${policy}: ${concurrent} calls run and ${queue} wait, expected a free place`, {
      code: 'OPS_RESILIENCE_BULKHEAD_FULL',
      details: { policy, concurrent, queue },
    })
  }
}

/** Thrown where the limiter of a policy refuses a call. Code `OPS_RESILIENCE_RATE_LIMITED`. */
export class RateLimitedError extends OpsError {
  override readonly name = 'RateLimitedError'
  /** When a call may be admitted again, in milliseconds from now. */
  readonly retryAfterMs: number

  constructor(policy: string, retryAfterMs: number) {
    super(`Cannot call ${policy}: its rate limit is used up, expected a call after ${Math.ceil(retryAfterMs)} ms`, {
      code: 'OPS_RESILIENCE_RATE_LIMITED',
      details: { policy, retryAfterMs },
      expected: true,
    })
    this.retryAfterMs = retryAfterMs
  }
}
