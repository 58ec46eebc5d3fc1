import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { startTracing } from '@ops/tracing/node-sdk'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryExporter, type MemoryExporter } from './support/memory-exporter.ts'

function start(head: number): { tracing: ReturnType<typeof startTracing>; exporter: MemoryExporter } {
  const exporter = createMemoryExporter()
  const tracing = startTracing({ service: 'sdk', sample: { head }, export: { exporter } })
  onTestFinished(() => tracing.shutdown())
  return { tracing, exporter }
}

test('startTracing() on the SDK keeps the whole segment when a child fails, and nothing else when the head is 0', async () => {
  const { tracing, exporter } = start(0)
  const tracer = trace.getTracer('t')

  tracer.startActiveSpan('healthy', (span) => span.end())
  tracer.startActiveSpan('request', (root) => {
    tracer.startActiveSpan('query', (query) => {
      query.setStatus({ code: SpanStatusCode.ERROR })
      query.end()
    })
    expect(root.spanContext().traceFlags).toBe(1)
    root.end()
  })
  await tracing.flush()

  expect(exporter.names()).toEqual(['query', 'request'])
  expect(exporter.named('request').attributes).toMatchObject({ 'sampling.reason': 'error' })
  expect(exporter.named('request').spanContext().traceState?.serialize()).toBe('ot=th:0')
  expect(exporter.named('request').resource.attributes).toMatchObject({ 'service.name': 'sdk' })
})

test('startTracing() on the SDK gives the root of a unit of work its ids and its caller', async () => {
  const { tracing, exporter } = start(0)
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
  const work = createContext({ parent, traceState: 'vendor=x' })
  const early = trace.getTracer('t')

  const root = early.startSpan('request', {}, work)
  runInContext(work, () => early.startSpan('query').end())
  root.end()
  await tracing.flush()

  const request = exporter.named('request')
  expect(request.spanContext()).toMatchObject({ traceId: work.traceId, spanId: work.spanId })
  expect(request.spanContext().traceState?.serialize()).toBe('vendor=x')
  expect(request.parentSpanContext).toMatchObject({ spanId: parent.spanId, isRemote: true })
  expect(exporter.named('query').parentSpanContext?.spanId).toBe(work.spanId)
})

test('startTracing() on the SDK gives the root of a new unit its ids', async () => {
  const { tracing, exporter } = start(1)
  const work = createContext()

  runInContext(work, () =>
    trace.getTracer('t').startActiveSpan('request', (root) => {
      expect(currentContext()?.spanId).toBe(work.spanId)
      root.end()
    }),
  )
  await tracing.flush()

  expect(exporter.named('request').spanContext()).toMatchObject({ traceId: work.traceId, spanId: work.spanId })
})

test('startTracing() on the SDK runs in the context of core when it has started', () => {
  start(1)
  const key = Symbol('x')

  const seen = context.with(ROOT_CONTEXT.setValue(key, 1), () => context.active().getValue(key))

  expect(seen).toBe(1)
})
