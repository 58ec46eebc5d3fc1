/** An OpenTelemetry tracer provider that records in memory, on core's context. */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  context as otelContext,
  type Span,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { createSpanId, createTraceId, registerContextManager, type WorkContext } from '@ops/core'
import { MemorySpan, type RecordedSpan, type SpanPlace } from './recorded-span.ts'

/** Spans recorded from `recordSpans()` to `stop()`. */
export interface SpanRecording {
  /** All spans in the order they started; `ended` tells the open ones. */
  readonly spans: RecordedSpan[]
  /** Uninstalls the recorder; spans started later are not recorded. Calling again does nothing. */
  stop(): void
}

/** The one recording that is on. Tracers outlive it, because packages keep theirs from before. */
let recording: RecordedSpan[] | undefined

/** Where a new span stands, as `@ops/tracing` places it: under the active span, else under or as the unit's root, else in a new trace. */
function placeOf(tracer: string, context: Context, work: WorkContext | undefined, root: boolean): SpanPlace {
  const parent = root ? undefined : (trace.getSpan(context) ?? work?.rootSpan)?.spanContext()
  if (parent !== undefined && isSpanContextValid(parent)) {
    return { tracer, parentSpanId: parent.spanId, spanContext: { ...parent, spanId: createSpanId(), isRemote: false } }
  }
  const adopts = work !== undefined && work.rootSpan === undefined && !(root && work.parent !== undefined)
  const { traceId, spanId } = adopts ? work : { traceId: createTraceId(), spanId: createSpanId() }
  const parentSpanId = adopts ? work.parent?.spanId : undefined
  return { tracer, parentSpanId, spanContext: { traceId, spanId, traceFlags: TraceFlags.SAMPLED } }
}

class MemoryTracer implements Tracer {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = otelContext.active()): Span {
    if (recording === undefined) return trace.wrapSpanContext(trace.getSpanContext(context) ?? INVALID_SPAN_CONTEXT)
    const work = 'requestId' in context ? (context as WorkContext) : undefined
    const span = new MemorySpan(name, placeOf(this.#name, context, work, options.root === true), options)
    if (work !== undefined && span.spanId === work.spanId) work.rootSpan = span
    recording.push(span)
    return span
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.pop() as F
    const [options, given] = rest as [SpanOptions?, Context?]
    const parent = given ?? otelContext.active()
    const span = this.startSpan(name, options, parent)
    return otelContext.with(trace.setSpan(parent, span), () => fn(span)) as ReturnType<F>
  }
}

const provider: TracerProvider = { getTracer: (name) => new MemoryTracer(name) }

/**
 * Installs a recording tracer provider, and core's context as OpenTelemetry's. One recording at a time in a process.
 * Every span is recorded and sampled; the first root span
 * of a unit of work takes the unit's own ids, as with `@ops/tracing`.
 *
 * @throws Error when another tracer provider or another recording is installed.
 */
export function recordSpans(): SpanRecording {
  if (recording !== undefined || !trace.setGlobalTracerProvider(provider)) {
    throw new Error('Cannot record spans: a tracer provider is installed, expected none (stop() the other one first)')
  }
  if (!registerContextManager()) {
    trace.disable()
    throw new Error('Cannot record spans: another context manager is registered, expected that of @ops/core')
  }
  const spans: RecordedSpan[] = []
  recording = spans
  return {
    spans,
    stop() {
      if (recording !== spans) return
      recording = undefined
      trace.disable()
    },
  }
}
