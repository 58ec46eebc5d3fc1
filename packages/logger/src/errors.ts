import { OpsError } from '@ops/core'

/** Thrown by the test kit when a secret reached a line. Code `OPS_LOGGER_LEAK`; `details` says which, never what. */
export class LeakError extends OpsError {
  override readonly name = 'LeakError'

  constructor(leaks: readonly { readonly secret: number; readonly line: number }[]) {
    const where = leaks.map(({ secret, line }) => `secret ${secret} in line ${line}`).join(', ')
    super(`Cannot accept the log: ${where}, expected no secret in any form`, {
      code: 'OPS_LOGGER_LEAK',
      details: { leaks },
    })
  }
}

/** Thrown by the test kit when code that should have logged left nothing to check. Code `OPS_LOGGER_SILENT`. */
export class SilentLogError extends OpsError {
  override readonly name = 'SilentLogError'

  constructor() {
    super('Cannot check the log: no line was written, expected at least one', { code: 'OPS_LOGGER_SILENT' })
  }
}
