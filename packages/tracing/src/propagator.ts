/** W3C trace context for third-party instrumentation, by core's strict grammars; loading the SDK's would cost more than our whole start. */
import {
  type Context,
  createTraceState,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'
import { formatTraceparent, tryParseTraceparent, tryParseTracestate } from '@ops/core'
import { SUPPRESS_TRACING } from './suppression.ts'

/** Reads and writes `traceparent` and `tracestate`. */
export const w3cPropagator: TextMapPropagator = {
  fields: () => ['traceparent', 'tracestate'],
  inject(context: Context, carrier: unknown, setter: TextMapSetter) {
    const ids = trace.getSpanContext(context)
    if (ids === undefined || !isSpanContextValid(ids) || context.getValue(SUPPRESS_TRACING) === true) return
    setter.set(carrier, 'traceparent', formatTraceparent(ids))
    const state = ids.traceState?.serialize()
    if (state !== undefined && state !== '') setter.set(carrier, 'tracestate', state)
  },
  extract(context: Context, carrier: unknown, getter: TextMapGetter) {
    const parent = tryParseTraceparent(single(getter.get(carrier, 'traceparent')))
    if (parent === undefined) return context
    const header = getter.get(carrier, 'tracestate')
    const state = tryParseTracestate(Array.isArray(header) ? header.join(',') : header)
    const traceState = state === undefined ? {} : { traceState: createTraceState(state) }
    return trace.setSpanContext(context, { ...parent, isRemote: true, ...traceState })
  },
}

/** A `traceparent` sent twice is forged or broken. */
function single(header: string | string[] | undefined): string | undefined {
  if (!Array.isArray(header)) return header
  return header.length === 1 ? header[0] : undefined
}
