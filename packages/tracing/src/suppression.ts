/** Where the SDK's `suppressTracing` leaves its mark in a context; its keys are global symbols. */
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api'

/** Set to true in contexts whose spans nobody wants, such as an exporter's own requests. */
export const SUPPRESS_TRACING: symbol = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** A context in which no spans are made. */
export const SUPPRESSED: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING, true)
