/** Who a line belongs to: trace, span, request, tenant and user, rendered once per unit of work. */
import { trace } from '@opentelemetry/api'
import { contextFragment, type WorkContext } from '@ops/core'
import type { Writer } from './redact/writer.ts'

const HEX = /^(?:[0-9a-f]{16}){1,2}$/

function member(writer: Writer, name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${name}":${writer.string(String(value))}`
}

/** Ids of the tracer's own making need no look; anything else is text like any other. */
function idMember(writer: Writer, name: string, id: string): string {
  return HEX.test(id) ? `,"${name}":"${id}"` : member(writer, name, id)
}

/** Creates the renderer of the running unit's identity: members with leading commas, empty outside any unit and span. */
export function createIdentity(writer: Writer): (context: WorkContext | undefined) => string {
  const render = (context: WorkContext): string =>
    idMember(writer, 'trace_id', context.traceId) +
    idMember(writer, 'span_id', context.spanId) +
    member(writer, 'request_id', context.requestId) +
    member(writer, 'tenant', context.tenant) +
    member(writer, 'user_id', context.userId)

  return (context) => {
    if (context !== undefined) return contextFragment(context, render)
    const span = trace.getActiveSpan()?.spanContext()
    if (span === undefined || /^0*$/.test(span.traceId)) return ''
    return idMember(writer, 'trace_id', span.traceId) + idMember(writer, 'span_id', span.spanId)
  }
}
