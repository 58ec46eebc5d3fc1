import { OpsError } from '@ops/core'

/** Thrown when a test waited in vain. Code `OPS_TESTING_TIMEOUT`; `cause` is the condition's last error, if it threw. */
export class TestTimeoutError extends OpsError {
  /** The class's name. */
  override readonly name = 'TestTimeoutError'

  constructor(what: string, timeoutMs: number, state: string, cause?: unknown) {
    super(`Cannot wait for ${what}: ${state} after ${timeoutMs} ms, expected it within that time`, {
      code: 'OPS_TESTING_TIMEOUT',
      cause,
      details: { timeoutMs },
    })
  }
}
