/** One export, turned into a promise that always resolves: in time, and with a verdict on what to do next. */
import type { Clock } from '@ops/core'
import { TracingExportError } from './errors.ts'
import type { Parcel, ParcelExporter } from './exit.ts'

/** Exporters bring time-outs of their own; ours only catches those that hang beyond. */
const GRACE_MS = 1000

/** Hands spans to the exporter. Resolves to undefined once they are delivered, else to what went wrong. */
export function deliver(
  exporter: ParcelExporter,
  parcels: readonly Parcel[],
  options: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<TracingExportError | undefined> {
  const { clock, timeoutMs } = options
  return new Promise((resolve) => {
    const timer = clock.setTimeout(
      () => resolve(new TracingExportError(`no answer in ${timeoutMs} ms`, { retryable: true })),
      timeoutMs + GRACE_MS,
    )
    const done = (failure: TracingExportError | undefined) => {
      timer.cancel()
      resolve(failure)
    }
    try {
      exporter.export(parcels, ({ code, error }) => done(code === 0 ? undefined : classify(error)))
    } catch (error) {
      // An exporter that throws does so while it encodes: it would again.
      done(new TracingExportError('the exporter threw', { retryable: false, cause: error }))
    }
  })
}

/** A 4xx says that these spans will never be taken, but for "too slow" and "too many". */
function classify(error: unknown): TracingExportError {
  const code = (error as { code?: unknown } | undefined)?.code
  const refused = typeof code === 'number' && code >= 400 && code < 500 && code !== 408 && code !== 429
  const state = typeof code === 'number' ? `answered ${code}` : `failed (${String(code ?? error)})`
  return new TracingExportError(state, { retryable: !refused, cause: error })
}
