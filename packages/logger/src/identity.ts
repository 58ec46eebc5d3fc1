/** Who a line belongs to: trace, span, request, tenant and user, rendered once per unit of work. */
import { trace } from '@opentelemetry/api'
import { contextFragment, type WorkContext } from '@ops/core'
import type { Writer } from './redact/writer.ts'

/** True for lower-case hex; a regular expression costs more than the two ids of a line are worth. */
function isHex(text: string, digits: number): boolean {
  if (text.length !== digits) return false
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 102 || (code > 57 && code < 97)) return false
  }
  return true
}

function member(writer: Writer, name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${name}":${writer.string(String(value))}`
}

/** Ids of the tracer's own making need no look; anything else is text like any other. */
function idMember(writer: Writer, name: string, id: string, digits: number): string {
  return isHex(id, digits) ? `,"${name}":"${id}"` : member(writer, name, id)
}

/** A request id that nobody sent is the unit's span id, and stands there already. */
function requestMember(writer: Writer, { requestId, spanId }: WorkContext): string {
  return requestId === spanId ? idMember(writer, 'request_id', requestId, 16) : member(writer, 'request_id', requestId)
}

/** Creates the renderer of the running unit's identity: members with leading commas, empty outside any unit and span. */
export function createIdentity(writer: Writer): (context: WorkContext | undefined) => string {
  const render = (context: WorkContext): string =>
    idMember(writer, 'trace_id', context.traceId, 32) +
    idMember(writer, 'span_id', context.spanId, 16) +
    requestMember(writer, context) +
    member(writer, 'tenant', context.tenant) +
    member(writer, 'user_id', context.userId)

  return (context) => {
    if (context !== undefined) return contextFragment(context, render)
    const span = trace.getActiveSpan()?.spanContext()
    if (span === undefined || /^0*$/.test(span.traceId)) return ''
    return idMember(writer, 'trace_id', span.traceId, 32) + idMember(writer, 'span_id', span.spanId, 16)
  }
}
