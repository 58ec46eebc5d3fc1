import { OpsError } from '@ops/core'

/** Thrown by `startSentry` when a DSN is there but the SDK cannot be loaded. Code `OPS_SENTRY_SDK`; `cause` is the loader's error. */
export class SentrySdkError extends OpsError {
  /** The class's name. */
  override readonly name = 'SentrySdkError'

  constructor(cause: unknown) {
    super('Cannot start Sentry: @sentry/node did not load, expected it installed where a DSN is set', {
      code: 'OPS_SENTRY_SDK',
      cause,
    })
  }
}
