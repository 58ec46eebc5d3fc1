/** What is recorded of an outgoing call, whoever sends it: a duration, the verdict on the dependency, the end of the span. */
import { type Span, SpanStatusCode } from '@opentelemetry/api'
import type { BoundHistogram, Instruments } from '@ops/core'
import { type HttpMetrics, methodLabel } from './metrics.ts'

/** Records the calls of one client. */
export interface ClientOutcome {
  /** Response headers arrived. */
  answered(span: Span, call: { readonly method: string; readonly status: number; readonly durationMs: number }): void
  /** No response. `down`: it was the dependency's failure, not the caller's wish. */
  failed(
    span: Span,
    call: { readonly method: string; readonly durationMs: number; readonly error: unknown; readonly down: boolean },
  ): void
  /** Another sending was quicker. */
  cancelled(span: Span, call: { readonly method: string; readonly durationMs: number }): void
  /** The body was cut off after the headers had come. */
  broke(): void
}

/** The `client` label of all hosts without a name. */
export const UNNAMED = '_OTHER'

/** Creates it; `client` is the label value. Nothing is said of the health of all unnamed hosts together. */
export function createClientOutcome(metrics: Instruments<HttpMetrics>, client: string): ClientOutcome {
  const up = client === UNNAMED ? undefined : metrics.dependencyUp.bind({ dependency: client })
  const durations = new Map<string, BoundHistogram>()
  const observe = (method: string, status: string, durationMs: number) => {
    const label = methodLabel(method)
    const key = `${label} ${status}`
    let series = durations.get(key)
    if (series === undefined) {
      series = metrics.clientDuration.bind({ client, method: label, status })
      durations.set(key, series)
    }
    series.observe(durationMs / 1000)
  }
  return {
    answered(span, { method, status, durationMs }) {
      span.setAttribute('http.response.status_code', status)
      if (status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
      up?.set(status < 500 ? 1 : 0)
      observe(method, String(status), durationMs)
    },
    failed(span, { method, durationMs, error, down }) {
      if (down) up?.set(0)
      observe(method, 'error', durationMs)
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    },
    cancelled(span, { method, durationMs }) {
      observe(method, 'error', durationMs)
      span.setAttribute('ops.cancelled', true)
    },
    broke: () => up?.set(0),
  }
}
