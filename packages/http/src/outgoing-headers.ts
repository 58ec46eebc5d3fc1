import type { Span } from '@opentelemetry/api'
import { currentContext, formatTraceparent } from '@ops/core'
import type { TimeoutHeader } from './timeout-header.ts'

/** How long the other side has, and the header that says so. */
export interface TimeLeft {
  readonly remainingMs: number
  readonly timeout: TimeoutHeader
}

/**
 * The headers that carry trace and remaining time to another service. Empty outside a unit of work where no tracer runs:
 * there is no trace to carry on.
 */
export function outgoingHeaders(span: Span, left?: TimeLeft): readonly (readonly [name: string, value: string])[] {
  const context = currentContext()
  const own = span.spanContext()
  const ids = Number.parseInt(own.traceId, 16) === 0 ? context : own
  if (ids === undefined) return []
  const traceFlags = 'traceFlags' in ids ? ids.traceFlags : (context?.parent?.traceFlags ?? 0)
  const headers: [string, string][] = [
    ['traceparent', formatTraceparent({ traceId: ids.traceId, spanId: ids.spanId, traceFlags })],
    ['x-trace-id', ids.traceId],
  ]
  const traceState = own.traceState?.serialize() || context?.traceState
  if (traceState !== undefined && traceState !== '') headers.push(['tracestate', traceState])
  if (left !== undefined) headers.push([left.timeout.name, left.timeout.format(left.remainingMs)])
  return headers
}
