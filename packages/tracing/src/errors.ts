import { OpsError } from '@ops/core'

/** Kept spans could not be delivered; logged, never thrown into user code. Code `OPS_TRACING_EXPORT_FAILED`. */
export class TracingExportError extends OpsError {
  override readonly name = 'TracingExportError'
  /** True when the same spans may be delivered later; false when the collector refused them for good. */
  readonly retryable: boolean

  constructor(state: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(`Cannot export spans: ${state}, expected a collector that accepts them`, {
      code: 'OPS_TRACING_EXPORT_FAILED',
      cause: options.cause,
      details: { retryable: options.retryable },
    })
    this.retryable = options.retryable
  }
}
