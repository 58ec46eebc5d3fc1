import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { afterEach, describe, expect, test } from 'vitest'
import { recordSpans, type SpanRecording } from '../src/index.ts'

const early = trace.getTracer('@ops/early')
let recording: SpanRecording | undefined
const start = () => (recording = recordSpans())

afterEach(() => recording?.stop())

describe('recordSpans()', () => {
  test('records name, kind, attributes, events, status and end', () => {
    const { spans } = start()

    const span = early.startSpan('charge', { kind: SpanKind.CLIENT, attributes: { a: 1 } })
    span.setAttribute('b', 'two').addEvent('retry', { n: 1 }).setStatus({ code: SpanStatusCode.ERROR })
    span.recordException(new TypeError('nope'))
    span.end()
    span.setAttribute('late', true)

    expect(spans[0]).toMatchObject({
      tracer: '@ops/early',
      name: 'charge',
      kind: SpanKind.CLIENT,
      attributes: { a: 1, b: 'two' },
      status: { code: SpanStatusCode.ERROR },
      ended: true,
      parentSpanId: undefined,
    })
    expect(spans[0]?.attributes).not.toHaveProperty('late')
    expect(spans[0]?.events.map((event) => event.name)).toEqual(['retry', 'exception'])
    expect(spans[0]?.events[1]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'nope',
    })
  })

  test('nests spans and shows the active one in the context when startActiveSpan() runs', async () => {
    const { spans } = start()

    await early.startActiveSpan('outer', async (outer) => {
      await new Promise((resolve) => setImmediate(resolve))
      early.startSpan('inner').end()
      expect(trace.getActiveSpan()).toBe(outer)
      outer.end()
    })

    expect(spans[1]?.parentSpanId).toBe(spans[0]?.spanId)
    expect(spans[1]?.traceId).toBe(spans[0]?.traceId)
  })

  test('gives the first root span the ids of the unit of work, and the unit the span', () => {
    const { spans } = start()
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    const work = createContext({ parent })

    const inside = runInContext(work, () =>
      early.startActiveSpan('handler', (span) => {
        span.end()
        return currentContext()
      }),
    )

    expect(spans[0]).toMatchObject({ traceId: parent.traceId, spanId: work.spanId, parentSpanId: parent.spanId })
    expect(inside?.spanId).toBe(spans[0]?.spanId)
    expect(inside?.requestId).toBe(work.requestId)
  })

  test('puts later spans of a unit under its root span when none is active', () => {
    const { spans } = start()

    runInContext(createContext(), () => {
      early.startSpan('first').end()
      early.startSpan('second').end()
      early.startSpan('apart', { root: true }).end()
    })

    expect(spans[1]?.parentSpanId).toBe(spans[0]?.spanId)
    expect(spans[2]?.traceId).not.toBe(spans[0]?.traceId)
  })

  test('starts a new trace when root is asked for', () => {
    const { spans } = start()

    early.startActiveSpan('outer', () => early.startSpan('apart', { root: true }))

    expect(spans[1]?.parentSpanId).toBeUndefined()
    expect(spans[1]?.traceId).not.toBe(spans[0]?.traceId)
  })

  test('records again through a tracer kept from before when it was stopped in between', () => {
    const first = start()
    early.startSpan('one').end()
    first.stop()
    early.startSpan('lost').end()

    const second = start()
    early.startSpan('two').end()

    expect(first.spans.map((span) => span.name)).toEqual(['one'])
    expect(second.spans.map((span) => span.name)).toEqual(['two'])
  })

  test('stop() leaves no provider behind', () => {
    start().stop()

    const span = trace.getTracer('later').startSpan('x', {}, context.active())

    expect(span.isRecording()).toBe(false)
  })

  test('recordSpans() throws when a recording is on', () => {
    start()

    expect(() => recordSpans()).toThrow('Cannot record spans')
  })

  test('shows a span as open when nobody ended it', () => {
    const { spans } = start()

    early.startSpan('leaked')

    expect(spans[0]?.ended).toBe(false)
  })
})
