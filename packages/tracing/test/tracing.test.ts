import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { span, startTracing } from '@ops/tracing'
import { expect, test } from 'vitest'
import { startTestTracing } from './support/start.ts'

const NEVER_SAMPLED = { head: 0 }

test('startTracing() gives the local root the ids of its unit of work when no span is active', async () => {
  const { tracing, exporter } = startTestTracing({ sample: { head: 1 } })
  const work = createContext()

  runInContext(work, () => tracing.tracer('t').startSpan('request', { kind: SpanKind.SERVER }).end())
  await tracing.flush()

  expect(exporter.named('request').spanContext()).toMatchObject({
    traceId: work.traceId,
    spanId: work.spanId,
    traceFlags: 1,
  })
  expect(exporter.named('request').parentSpanContext).toBeUndefined()
})

test('startTracing() puts the caller above the local root when the unit of work has one', async () => {
  const { tracing, exporter } = startTestTracing({ sample: NEVER_SAMPLED })
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
  const work = createContext({ parent, traceState: 'vendor=x' })

  tracing.tracer('t').startSpan('request', {}, work).end()
  await tracing.flush()

  const request = exporter.named('request')
  expect(request.parentSpanContext).toEqual({ ...parent, isRemote: true })
  expect(request.spanContext().traceState?.serialize()).toBe('vendor=x')
  expect(request.attributes['sampling.reason']).toBe('head')
})

test('startSpan() goes under the root of the unit when that is not active', async () => {
  const { tracing, exporter } = startTestTracing({ sample: { head: 1 } })
  const work = createContext()
  const tracer = tracing.tracer('t')

  const root = tracer.startSpan('request', {}, work)
  tracer.startSpan('query', {}, work.fork({ deadline: 1 })).end()
  root.end()
  await tracing.flush()

  expect(exporter.named('query').parentSpanContext?.spanId).toBe(work.spanId)
  expect(exporter.named('query').spanContext().spanId).not.toBe(work.spanId)
})

test('startSpan() starts a new trace with its links when it is told to be a root', async () => {
  const { tracing, exporter } = startTestTracing({ sample: { head: 1 } })
  const tracer = tracing.tracer('t')
  const producer = tracer.startSpan('send', {}, createContext())
  const context = trace.setSpan(ROOT_CONTEXT, producer)

  tracer.startSpan('process', { root: true, links: [{ context: producer.spanContext() }] }, context).end()
  producer.end()
  await tracing.flush()

  const process = exporter.named('process')
  expect(process.parentSpanContext).toBeUndefined()
  expect(process.spanContext().traceId).not.toBe(producer.spanContext().traceId)
  expect(process.links[0]?.context.spanId).toBe(producer.spanContext().spanId)
})

test('startSpan() under a unit with a caller leaves its trace when it is told to be a root', () => {
  const { tracing } = startTestTracing()
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
  const work = createContext({ parent })

  const root = tracing.tracer('t').startSpan('attempt', { root: true }, work)

  expect(root.spanContext().traceId).not.toBe(parent.traceId)
  expect(work.rootSpan).toBeUndefined()
})

test('startTracing() keeps every segment with an error and no other when the head samples nothing', async () => {
  const { tracing, exporter } = startTestTracing({ sample: NEVER_SAMPLED })
  const tracer = tracing.tracer('t')

  for (let i = 0; i < 20; i++) {
    const work = createContext()
    const root = tracer.startSpan(`request ${i}`, {}, work)
    const child = tracer.startSpan(`query ${i}`, {}, work)
    if (i === 7) child.setStatus({ code: SpanStatusCode.ERROR })
    child.end()
    if (i === 13) root.setAttribute('http.response.status_code', 503)
    root.end()
  }
  await tracing.flush()

  expect(exporter.names().toSorted()).toEqual(['query 13', 'query 7', 'request 13', 'request 7'])
  expect(exporter.named('request 7').attributes).toMatchObject({ 'sampling.reason': 'error' })
  expect(exporter.named('query 7').spanContext().traceState?.serialize()).toBe('ot=th:0')
})

test('spanContext() carries sampled=1 from the first error on when the head left the trace out', () => {
  const { tracing } = startTestTracing({ sample: NEVER_SAMPLED })
  const work = createContext()
  const root = tracing.tracer('t').startSpan('request', {}, work)
  const before = root.spanContext()

  tracing.tracer('t').startSpan('query', {}, work).setStatus({ code: SpanStatusCode.ERROR }).end()

  expect(before.traceFlags).toBe(0)
  expect(before.traceState).toBeUndefined()
  expect(root.spanContext().traceFlags).toBe(1)
  expect(root.spanContext().traceState?.serialize()).toBe('ot=th:0')
})

test('span() returns what the function returns and ends the span when it is done', async () => {
  const { tracing, exporter } = startTestTracing({ sample: { head: 1 } })

  const sync = span('sync', { 'payment.provider': 'x' }, () => 1)
  const value = await span('async', async () => currentContext()?.spanId ?? trace.getActiveSpan()?.spanContext().spanId)
  await tracing.flush()

  expect(sync).toBe(1)
  expect(value).toBe(exporter.named('async').spanContext().spanId)
  expect(exporter.named('sync').attributes).toMatchObject({ 'payment.provider': 'x' })
})

test('span() records the exception, fails the span and throws on when the function throws or rejects', async () => {
  const { tracing, exporter } = startTestTracing({ sample: NEVER_SAMPLED })
  const error = new RangeError('too much')

  expect(() =>
    span('sync', () => {
      throw error
    }),
  ).toThrow(error)
  await expect(span('async', () => Promise.reject(error))).rejects.toBe(error)
  await tracing.flush()

  for (const name of ['sync', 'async']) {
    const failed = exporter.named(name)
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'too much' })
    expect(failed.events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.type': 'RangeError' } })
  }
})

test('span() just runs the function when tracing was not started', async () => {
  expect(span('plain', () => 1)).toBe(1)
  expect(await span('plain', {}, async () => 2)).toBe(2)
})

test('startTracing() serves tracers that were obtained before it', async () => {
  const early = trace.getTracer('early', '1.2.3')
  const { tracing, exporter } = startTestTracing({ sample: { head: 1 } })

  early.startActiveSpan('work', (active) => {
    expect(trace.getActiveSpan()).toBe(active)
    active.end()
  })
  await tracing.flush()

  expect(exporter.named('work').instrumentationScope).toEqual({ name: 'early', version: '1.2.3' })
})

test('startTracing() describes the service in the resource of each span', async () => {
  const { tracing, exporter } = startTestTracing({
    service: 'orders',
    version: '1.2.3',
    env: 'development',
    resource: { 'k8s.pod.name': 'orders-1' },
  })

  tracing.tracer('t').startSpan('work').end()
  await tracing.flush()

  expect(exporter.named('work').resource.attributes).toMatchObject({
    'service.name': 'orders',
    'service.version': '1.2.3',
    'deployment.environment.name': 'development',
    'k8s.pod.name': 'orders-1',
  })
})

test('startTracing() throws when an option is outside its range', () => {
  expect(() => startTracing({ service: '' })).toThrow(TypeError)
  expect(() => startTracing({ service: 'x', sample: { head: 10 } })).toThrow(
    'Cannot use sample.head 10: expected 0 to 1',
  )
  expect(() => startTracing({ service: 'x', sample: { rules: [{ name: 'a', head: -1 }] } })).toThrow(RangeError)
  expect(() => startTracing({ service: 'x', limits: { maxSegments: 0 } })).toThrow(RangeError)
  expect(() => startTracing({ service: 'x', export: { otlp: 'localhost:4318' } })).toThrow(TypeError)
})

test('startSpan() with root in a unit that has its root span starts a new trace', () => {
  const { tracing } = startTestTracing()
  const work = createContext()
  tracing.tracer('t').startSpan('request', {}, work)

  const apart = tracing.tracer('t').startSpan('batch', { root: true }, work).spanContext()

  expect([apart.traceId, apart.spanId]).not.toContain(work.traceId)
  expect(apart.spanId).not.toBe(work.spanId)
})

test('every kept span leaves with the sampled flag when the head had left it out', async () => {
  const { tracing, exporter } = startTestTracing({ sample: NEVER_SAMPLED })
  const work = createContext()

  tracing.tracer('t').startSpan('request', {}, work)
  work.keep('asked')
  work.rootSpan?.end()
  await tracing.flush()

  expect(exporter.named('request').spanContext().traceFlags).toBe(1)
})
