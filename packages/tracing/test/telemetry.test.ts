import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { createContext, type Scrubber } from '@ops/core'
import { recordLogs, recordMetrics } from '@ops/testing'
import { span, startTracing } from '@ops/tracing'
import { expect, test } from 'vitest'
import { startTestTracing } from './support/start.ts'

const ALL = { head: 1 }

test('kept spans pass the scrubber, and spans that are not kept do not', async () => {
  const seen: unknown[] = []
  const scrubber: Scrubber = {
    text: (value) => value.replaceAll('s3cret', '[REDACTED]'),
    value(value, key) {
      seen.push(value)
      if (key === 'password') return '[REDACTED]'
      return typeof value === 'string' ? value.replaceAll('s3cret', '[REDACTED]') : value
    },
  }
  const t = startTestTracing({ sample: { head: 0 }, scrubber })

  span('healthy', { password: 'never seen' }, () => {})
  expect(() =>
    span('login s3cret', { password: 'hunter2', 'url.path': '/s3cret', 'user.id': 'u1' }, (active) => {
      active.addLink({ context: active.spanContext(), attributes: { token: 's3cret' } })
      throw new Error('bad s3cret')
    }),
  ).toThrow()
  await t.tracing.flush()

  const [login] = t.exporter.spans
  expect(login?.name).toBe('login [REDACTED]')
  expect(login?.attributes).toMatchObject({ password: '[REDACTED]', 'url.path': '/[REDACTED]', 'user.id': 'u1' })
  expect(login?.status.message).toBe('bad [REDACTED]')
  const everything = JSON.stringify([login?.attributes, login?.events, login?.links, login?.status, login?.name])
  expect(everything).not.toMatch(/s3cret|hunter2/)
  expect(seen).not.toContain('never seen')
})

test('long values are cut when they leave', async () => {
  const t = startTestTracing({ sample: ALL })

  span('work', { long: 'x'.repeat(100_000) }, () => {})
  await t.tracing.flush()

  expect(t.exporter.named('work').attributes['long']).toHaveLength(16_384)
})

test('metrics tell what was decided, exported and lost', async () => {
  const { meter, value, collect } = recordMetrics()
  const t = startTestTracing({ sample: { head: 0 }, meter, limits: { maxSpansPerSegment: 1 } })
  const tracer = t.tracing.tracer('t')
  span('healthy', () => {})
  const work = createContext()
  const root = tracer.startSpan('request', {}, work)
  tracer.startSpan('a', {}, work).end()
  tracer.startSpan('b', {}, work).end()
  root.setStatus({ code: SpanStatusCode.ERROR }).end()
  await t.tracing.flush()
  tracer.startSpan('open')
  await collect()
  span('healthy', () => {})
  await collect()

  expect(value('tracing_segments_total', { decision: 'dropped' })).toBe(2)
  expect(value('tracing_segments_total', { decision: 'error' })).toBe(1)
  expect(value('tracing_spans_dropped_total', { reason: 'segment_full' })).toBe(1)
  expect(value('tracing_spans_exported_total')).toBe(2)
  expect(value('tracing_exports_total', { outcome: 'delivered' })).toBe(1)
  expect(value('tracing_segments_open')).toBe(1)
  expect(value('tracing_export_queue_spans')).toBe(0)
})

test('startTracing() warns and leaves the first provider in place when there is one', async () => {
  const first = startTestTracing({ sample: ALL })
  const { logger, records } = recordLogs()
  const second = startTracing({ service: 'second', logger, clock: first.clock })

  await second.shutdown()
  span('work', () => {})
  await first.tracing.flush()

  expect(records.map((line) => line.message)).toEqual([
    'another OpenTelemetry tracer provider is registered: its spans are not ours',
  ])
  expect(first.exporter.names()).toEqual(['work'])
})

test.each([
  ['production', 0.01],
  ['development', 1],
  ['staging', 0.1],
  [undefined, 0.1],
])('startTracing() samples by the preset of the environment %s', (env, ratio) => {
  const t = startTestTracing(env === undefined ? {} : { env })
  const sampled = (randomness: number) => {
    const traceId = `${'1'.repeat(18)}${Math.floor(randomness * 2 ** 52)
      .toString(16)
      .padStart(13, '0')}0`
    const work = createContext({ traceId })
    return (t.tracing.tracer('t').startSpan('request', {}, work).spanContext().traceFlags & 1) === 1
  }

  expect(sampled(1 - ratio * 0.9)).toBe(true)
  expect(sampled(1 - ratio * 1.1)).toBe(ratio === 1)
})

test('the propagator carries a trace to another process and back', () => {
  startTestTracing({ sample: ALL })
  const carrier: Record<string, string> = {}
  const root = trace.getTracer('t').startSpan('call')
  propagation.inject(trace.setSpan(ROOT_CONTEXT, root), carrier)

  const received = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier))

  const { traceId, spanId } = root.spanContext()
  expect(carrier).toEqual({ traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'ot=th:0' })
  expect(received).toMatchObject({ traceId, spanId, traceFlags: 1, isRemote: true })
  expect(received?.traceState?.get('ot')).toBe('th:0')
})

test.each([
  ['a forged one', '00-zz'],
  ['upper-case hex', `00-${'A'.repeat(32)}-${'b'.repeat(16)}-01`],
  ['all-zero ids', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
  ['two of them', [`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, `00-${'c'.repeat(32)}-${'b'.repeat(16)}-01`]],
  ['none', undefined],
])('the propagator ignores a traceparent when it is %s', (_, traceparent) => {
  startTestTracing()

  const context = propagation.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)

  expect(context).toBe(ROOT_CONTEXT)
})

test('the propagator drops a tracestate when it is longer than 512 characters', () => {
  startTestTracing()
  const carrier = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: `a=${'x'.repeat(511)}` }

  const context = propagation.extract(ROOT_CONTEXT, carrier)

  expect(trace.getSpanContext(context)).toEqual({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  })
})

test('the propagator says nothing when no span is active', () => {
  startTestTracing()
  const carrier = {}

  propagation.inject(ROOT_CONTEXT, carrier, defaultTextMapSetter)

  expect(carrier).toEqual({})
})
