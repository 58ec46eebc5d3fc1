/** Who a line belongs to: trace, span, request, tenant and user, rendered once per unit of work. */
import { trace } from '@opentelemetry/api'
import { contextFragment, type WorkContext } from '@ops/core'
import type { Writer } from './redact/writer.ts'

const HEX = /^[0-9a-f]{16,32}$/

function member(writer: Writer, name: string, value: string | undefined): string {
  if (value === undefined || value === '') return ''
  return `,"${name}":${HEX.test(value) && name !== 'user_id' ? `"${value}"` : writer.string(String(value))}`
}

/** Creates the renderer of the running unit's identity: members with leading commas, empty outside any unit and span. */
export function createIdentity(writer: Writer): (context: WorkContext | undefined) => string {
  const render = (context: WorkContext): string =>
    member(writer, 'trace_id', context.traceId) +
    member(writer, 'span_id', context.spanId) +
    member(writer, 'request_id', context.requestId) +
    member(writer, 'tenant', context.tenant) +
    member(writer, 'user_id', context.userId)

  return (context) => {
    if (context !== undefined) return contextFragment(context, render)
    const span = trace.getActiveSpan()?.spanContext()
    if (span === undefined || /^0*$/.test(span.traceId)) return ''
    return member(writer, 'trace_id', span.traceId) + member(writer, 'span_id', span.spanId)
  }
}
