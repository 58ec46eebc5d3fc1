/** Gives the SDK's tracers what ours do by themselves: the root span of a unit of work takes the unit's own ids and caller. */
import {
  type Context,
  createTraceState,
  context as otelContext,
  type Span,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { IdGenerator } from '@opentelemetry/sdk-trace'
import { createSpanId, createTraceId, type WorkContext } from '@ops/core'

/** An id generator that hands out given ids once. */
export interface UnitIds extends IdGenerator {
  /** The ids of the next span; undefined forgets them. */
  next: { readonly traceId: string; readonly spanId: string } | undefined
}

/** Creates the generator for the SDK. */
export function createUnitIds(): UnitIds {
  const ids: UnitIds = {
    next: undefined,
    generateTraceId: () => ids.next?.traceId ?? createTraceId(),
    generateSpanId: () => ids.next?.spanId ?? createSpanId(),
  }
  return ids
}

/** Wraps a provider of the SDK that was given `ids`. */
export function createUnitProvider(provider: TracerProvider, ids: UnitIds): TracerProvider {
  return { getTracer: (name, version, options) => new UnitTracer(provider.getTracer(name, version, options), ids) }
}

class UnitTracer implements Tracer {
  readonly #tracer: Tracer
  readonly #ids: UnitIds

  constructor(tracer: Tracer, ids: UnitIds) {
    this.#tracer = tracer
    this.#ids = ids
  }

  startSpan(name: string, options?: SpanOptions, context: Context = otelContext.active()): Span {
    const work = 'requestId' in context ? (context as WorkContext) : undefined
    const outside = work === undefined || trace.getSpan(context) !== undefined
    const leaves = options?.root === true && (work?.parent !== undefined || work?.rootSpan !== undefined)
    if (outside || leaves) return this.#tracer.startSpan(name, options, context)
    if (work.rootSpan !== undefined) return this.#tracer.startSpan(name, options, trace.setSpan(work, work.rootSpan))
    // The SDK asks for ids while it starts the span, and for nothing else meanwhile.
    this.#ids.next = work
    const span = this.#tracer.startSpan(name, options, underCaller(work))
    this.#ids.next = undefined
    if (span.spanContext().spanId === work.spanId) work.rootSpan = span
    return span
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.pop() as F
    const [options, given] = rest as [SpanOptions?, Context?]
    const context = given ?? otelContext.active()
    const span = this.startSpan(name, options, context)
    return otelContext.with(trace.setSpan(context, span), () => fn(span)) as ReturnType<F>
  }
}

function underCaller(work: WorkContext): Context {
  if (work.parent === undefined) return work
  const traceState = work.traceState === undefined ? {} : { traceState: createTraceState(work.traceState) }
  return trace.setSpanContext(work, { ...work.parent, isRemote: true, ...traceState })
}
