/** The segment buffer as a span processor of OpenTelemetry's SDK. */
import { type Context, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { WorkContext } from '@ops/core'
import { headUnder } from './head.ts'
import type { Pipeline } from './pipeline.ts'
import { Segment } from './segment.ts'

/** Creates the processor; it takes the place of the SDK's batch processor. */
export function createSegmentProcessor(pipeline: Pipeline): SpanProcessor {
  const segments = new WeakMap<object, Segment>()
  const open = new WeakMap<Segment, Set<Span>>()
  const { buffer, clock } = pipeline

  function begin(span: Span, context: Context): Segment {
    const { traceFlags, traceState } = span.spanContext()
    const head = headUnder(traceFlags, traceState?.serialize())
    const segment = new Segment(head, clock.monotonic(), 'requestId' in context ? (context as WorkContext) : undefined)
    segment.root = span
    open.set(segment, new Set())
    return segment
  }

  /** What starts, and what is called, from now on is sampled: the SDK hands the very object out that it reads. */
  function sampleWhatFollows(segment: Segment): void {
    for (const span of open.get(segment) ?? []) (span.spanContext() as SpanContext).traceFlags |= 1
  }

  return {
    onStart(span, context) {
      const parent = span.parentSpanContext === undefined ? undefined : trace.getSpan(context)
      const segment = (parent === undefined ? undefined : segments.get(parent)) ?? begin(span, context)
      segments.set(span, segment)
      open.get(segment)?.add(span)
      buffer.started(segment)
    },
    onEnd(span) {
      const segment = segments.get(span)
      if (segment === undefined) return
      open.get(segment)?.delete(span as Span)
      if (isFailing(span)) {
        buffer.failed(segment, span)
        if (segment.failing) sampleWhatFollows(segment)
      }
      buffer.ended(segment, span, clock.monotonic())
    },
    forceFlush: () => pipeline.flush(),
    shutdown: () => pipeline.close(),
  }
}

function isFailing({ status, attributes }: ReadableSpan): boolean {
  const answer = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return status.code === SpanStatusCode.ERROR || (typeof answer === 'number' && answer >= 500)
}
