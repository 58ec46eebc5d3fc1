import { OpsError } from '@ops/core'

/** The reason a check's signal aborts with. Code `OPS_HEALTH_CHECK_TIMEOUT`. */
export class CheckTimeoutError extends OpsError {
  override readonly name = 'CheckTimeoutError'

  constructor(check: string, timeoutMs: number) {
    super(`Cannot run check ${check}: still running, expected an answer within ${timeoutMs} ms`, {
      code: 'OPS_HEALTH_CHECK_TIMEOUT',
      details: { check, timeoutMs },
    })
  }
}

/** The reason a drain's signal aborts with. Code `OPS_HEALTH_DRAIN_DEADLINE`. */
export class DrainDeadlineError extends OpsError {
  override readonly name = 'DrainDeadlineError'

  constructor(deadlineMs: number) {
    super(`Cannot finish the drain: still busy, expected an end within ${deadlineMs} ms`, {
      code: 'OPS_HEALTH_DRAIN_DEADLINE',
      details: { deadlineMs },
    })
  }
}

/** Thrown by a startup phase that failed, after what was opened is closed. Code `OPS_HEALTH_START_FAILED`. */
export class StartFailedError extends OpsError {
  override readonly name = 'StartFailedError'

  constructor(phase: string, cause: unknown) {
    super(`Cannot start: phase ${phase} failed, expected it to succeed`, {
      code: 'OPS_HEALTH_START_FAILED',
      cause,
      details: { phase },
    })
  }
}

/** Thrown by startup phases once a stop was asked for. Code `OPS_HEALTH_START_ABORTED`. */
export class StartAbortedError extends OpsError {
  override readonly name = 'StartAbortedError'

  constructor(phase: string) {
    super(`Cannot start ${phase}: a stop was asked for, expected a process that starts`, {
      code: 'OPS_HEALTH_START_ABORTED',
      details: { phase },
      expected: true,
    })
  }
}
