/** The tracer provider: places a new span under its parent, or at the root of a new segment that takes the unit's own ids. */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  context as otelContext,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import { createSpanId, createTraceId, type WorkContext } from '@ops/core'
import { headUnder, newHead } from './head.ts'
import type { Recorder } from './recorder.ts'
import { type Head, Segment } from './segment.ts'
import { RecordedSpan, type SpanStart } from './span.ts'
import { SUPPRESS_TRACING } from './suppression.ts'

/** A place for a span: where its segment begins or goes on. */
interface Place {
  readonly segment: Segment
  readonly traceId: string
  readonly spanId: string | undefined
  readonly parent: RecordedSpan | SpanContext | undefined
}

class OpsTracer implements Tracer {
  readonly #recorder: Recorder
  readonly #scope: InstrumentationScope

  constructor(recorder: Recorder, scope: InstrumentationScope) {
    this.#recorder = recorder
    this.#scope = scope
  }

  startSpan(name: string, options?: SpanOptions, context: Context = otelContext.active()): Span {
    const recorder = this.#recorder
    if (!recorder.recording || context.getValue(SUPPRESS_TRACING) === true) return silentSpan(context)
    const root = options?.root === true
    const work = 'requestId' in context ? (context as WorkContext) : undefined
    const parent = root ? undefined : (trace.getSpan(context) ?? work?.rootSpan)
    const now = recorder.now()
    if (parent instanceof RecordedSpan && parent.belongsTo(recorder)) {
      const { traceId } = parent
      return this.#start({ segment: parent.segment, traceId, spanId: undefined, parent }, name, options, now)
    }
    const place = this.#rootPlace(name, parent, work, root, now)
    const span = this.#start(place, name, options, now)
    if (work !== undefined && place.spanId === work.spanId) work.rootSpan = span
    return span
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.pop() as F
    const [options, given] = rest as [SpanOptions?, Context?]
    const context = given ?? otelContext.active()
    const span = this.startSpan(name, options, context)
    return otelContext.with(trace.setSpan(context, span), () => fn(span)) as ReturnType<F>
  }

  #start(place: Place, name: string, options: SpanOptions | undefined, now: number): RecordedSpan {
    const { segment, traceId, spanId, parent } = place
    const kind = options?.kind ?? SpanKind.INTERNAL
    const start: SpanStart = { name, kind, traceId, spanId, parent, startTime: options?.startTime }
    const span = new RecordedSpan(this.#recorder, this.#scope, segment, start, now)
    segment.root ??= span
    this.#recorder.buffer.started(segment)
    if (options?.attributes !== undefined) span.setAttributes(options.attributes)
    if (options?.links !== undefined) span.addLinks(options.links)
    return span
  }

  #rootPlace(name: string, parent: Span | undefined, work: WorkContext | undefined, root: boolean, now: number): Place {
    const above = parent?.spanContext()
    if (above !== undefined && isSpanContextValid(above)) {
      const head = headUnder(above.traceFlags, above.traceState?.serialize())
      return { segment: new Segment(head, now, work), traceId: above.traceId, spanId: createSpanId(), parent: above }
    }
    const adopts = work !== undefined && work.rootSpan === undefined && !(root && work.parent !== undefined)
    if (!adopts) {
      const traceId = createTraceId()
      return { segment: this.#newSegment(name, traceId, now, work), traceId, spanId: createSpanId(), parent: undefined }
    }
    const { traceId, parent: caller } = work
    const segment =
      caller === undefined
        ? this.#newSegment(name, traceId, now, work)
        : new Segment(headUnder(caller.traceFlags, work.traceState), now, work)
    const remote = caller === undefined ? undefined : { ...caller, isRemote: true }
    return { segment, traceId, spanId: work.spanId, parent: remote }
  }

  #newSegment(name: string, traceId: string, now: number, work: WorkContext | undefined): Segment {
    const head: Head = newHead(traceId, this.#recorder.policy.headThreshold(name))
    return new Segment(head, now, work)
  }
}

/** A span that records nothing and passes its parent's ids on. */
function silentSpan(context: Context): Span {
  return trace.wrapSpanContext(trace.getSpanContext(context) ?? INVALID_SPAN_CONTEXT)
}

/** Creates a provider whose tracers record into `recorder`; one tracer a name and version. */
export function createProvider(recorder: Recorder): TracerProvider {
  const tracers = new Map<string, Tracer>()
  return {
    getTracer(name, version, options) {
      const schemaUrl = options?.schemaUrl
      const key = `${name}@${version ?? ''}:${schemaUrl ?? ''}`
      let tracer = tracers.get(key)
      if (tracer === undefined) {
        const scope = {
          name,
          ...(version === undefined ? {} : { version }),
          ...(schemaUrl === undefined ? {} : { schemaUrl }),
        }
        tracer = new OpsTracer(recorder, scope)
        tracers.set(key, tracer)
      }
      return tracer
    },
  }
}
