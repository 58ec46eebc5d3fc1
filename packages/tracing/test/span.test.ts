import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { createTestClock } from '@ops/testing'
import { startTracing } from '@ops/tracing'
import { expect, onTestFinished, test } from 'vitest'
import { SUPPRESSED } from '../src/suppression.ts'
import { startTestTracing } from './support/start.ts'

const ALL = { head: 1 }

test('a span has the times of the clock when none are given', async () => {
  const t = startTestTracing({ sample: ALL })
  const startMs = t.clock.now()
  const span = t.tracing.tracer('t').startSpan('work')

  await t.clock.advance(1500)
  span.addEvent('half way')
  await t.clock.advance(1000)
  span.end()
  await t.tracing.flush()

  const done = t.exporter.named('work')
  expect(done.startTime).toEqual([startMs / 1000, 0])
  expect(done.events[0]?.time).toEqual([startMs / 1000 + 1, 500_000_000])
  expect(done.endTime).toEqual([startMs / 1000 + 2, 500_000_000])
  expect(done.duration).toEqual([2, 500_000_000])
})

test('a span keeps its duration when the wall clock jumps while it is open', async () => {
  const t = startTestTracing({ sample: ALL })
  const span = t.tracing.tracer('t').startSpan('work')

  t.clock.jump(-3_600_000)
  await t.clock.advance(2000)
  span.end()
  await t.tracing.flush()

  expect(t.exporter.named('work').duration).toEqual([2, 0])
})

test.each([
  ['a Date', (ms: number) => new Date(ms)],
  ['milliseconds of the epoch', (ms: number) => ms],
  ['seconds and nanoseconds', (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1e6]],
])('a span takes given times as %s', async (_, form) => {
  const t = startTestTracing({ sample: ALL })
  const ms = t.clock.now() - 5250

  const span = t.tracing.tracer('t').startSpan('work', { startTime: form(ms) })
  span.addEvent('x', form(ms + 250)).addEvent('y', { a: 1 }, form(ms + 500))
  span.end(form(ms + 1250))
  await t.tracing.flush()

  const done = t.exporter.named('work')
  expect(done.startTime).toEqual([Math.floor(ms / 1000), 750_000_000])
  expect(done.duration).toEqual([1, 250_000_000])
  expect(done.events).toMatchObject([{ name: 'x', time: [Math.floor(ms / 1000) + 1, 0] }, { attributes: { a: 1 } }])
})

test('a span never ends before it starts', async () => {
  const t = startTestTracing({ sample: ALL })

  t.tracing.tracer('t').startSpan('work').end(new Date(0))
  await t.tracing.flush()

  expect(t.exporter.named('work').duration).toEqual([0, 0])
})

test('a span ignores what it is told after its end', async () => {
  const t = startTestTracing({ sample: ALL })
  const span = t.tracing.tracer('t').startSpan('work')
  span.end()

  span.setAttribute('a', 1).setAttributes({ b: 1 }).addEvent('e').updateName('other').setStatus({ code: 2 })
  span.addLinks([{ context: span.spanContext() }])
  span.recordException(new Error('x'))
  span.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['work'])
  const done = t.exporter.named('work')
  expect([done.attributes, done.events, done.links, done.status]).toEqual([
    { 'sampling.reason': 'head' },
    [],
    [],
    { code: SpanStatusCode.UNSET },
  ])
  expect(span.isRecording()).toBe(false)
})

test('setStatus() lets OK stand and UNSET say nothing', async () => {
  const t = startTestTracing({ sample: ALL })
  const span = t.tracing.tracer('t').startSpan('work')

  span.setStatus({ code: SpanStatusCode.ERROR, message: 'first' }).setStatus({ code: SpanStatusCode.UNSET })
  span.setStatus({ code: SpanStatusCode.OK, message: 'ignored' }).setStatus({ code: SpanStatusCode.ERROR })
  span.end()
  await t.tracing.flush()

  expect(t.exporter.named('work').status).toEqual({ code: SpanStatusCode.OK })
})

test('setAttribute() keeps the last value of a key, skips undefined, and copies what may change', async () => {
  const t = startTestTracing({ sample: ALL })
  const list = ['a']
  const nested = { deep: { list } }
  const span = t.tracing.tracer('t').startSpan('work', { attributes: { 'skip.me': undefined, given: 1 } })

  span.setAttributes({ list, nested, when: new Date(0), error: new RangeError('x') }).setAttribute('given', 2)
  list.push('b')
  span.end()
  await t.tracing.flush()

  expect(t.exporter.named('work').attributes).toEqual({
    given: 2,
    list: ['a'],
    nested: { deep: { list: ['a'] } },
    when: '1970-01-01T00:00:00.000Z',
    error: 'RangeError: x',
    'sampling.reason': 'head',
  })
})

test('a span holds at most 128 attributes, events and links, and counts the rest', async () => {
  const t = startTestTracing({ sample: ALL })
  const span = t.tracing.tracer('t').startSpan('work')

  for (let i = 0; i < 200; i++) {
    span.setAttribute(`key ${i}`, i).addEvent(`event ${i}`).addLink({ context: span.spanContext() })
    span.setAttribute('key 1', i)
  }
  span.end()
  await t.tracing.flush()

  const done = t.exporter.named('work')
  expect(Object.keys(done.attributes).length).toBe(129)
  expect(done.attributes['key 1']).toBe(199)
  expect([done.events.length, done.links.length]).toEqual([128, 128])
  expect([done.droppedAttributesCount, done.droppedEventsCount, done.droppedLinksCount]).toEqual([72, 72, 72])
})

test.each([
  [new TypeError('no'), { 'exception.type': 'TypeError', 'exception.message': 'no' }],
  ['text', { 'exception.message': 'text' }],
  [undefined, { 'exception.message': 'undefined' }],
  [Object.create(null), {}],
])('recordException() records %j without failing', async (thrown, attributes) => {
  const t = startTestTracing({ sample: ALL })
  const span = t.tracing.tracer('t').startSpan('work')

  span.recordException(thrown as Error)
  span.end()
  await t.tracing.flush()

  expect(t.exporter.named('work').events[0]).toMatchObject({ name: 'exception', attributes })
})

test('startSpan() makes a silent span with the ids of its parent when tracing is suppressed', async () => {
  const t = startTestTracing({ sample: ALL })
  const tracer = t.tracing.tracer('t')
  const parent = tracer.startSpan('request', { kind: SpanKind.SERVER }, createContext())

  const silent = tracer.startSpan('probe', {}, trace.setSpan(SUPPRESSED, parent))
  silent.end()
  parent.end()
  await t.tracing.flush()

  expect(silent.isRecording()).toBe(false)
  expect(silent.spanContext().spanId).toBe(parent.spanContext().spanId)
  expect(t.exporter.names()).toEqual(['request'])
})

test('startSpan() begins a segment of its own under a span of another provider', async () => {
  const t = startTestTracing({ sample: { head: 0 } })
  const other = startTracing({ service: 'second', clock: createTestClock(), sample: ALL })
  onTestFinished(() => other.shutdown())
  const foreign = other.tracer('x').startSpan('theirs')

  t.tracing.tracer('t').startSpan('ours', {}, trace.setSpan(ROOT_CONTEXT, foreign)).end()
  await t.tracing.flush()

  const ours = t.exporter.named('ours')
  expect(ours.parentSpanContext?.spanId).toBe(foreign.spanContext().spanId)
  expect(ours.spanContext().traceState?.serialize()).toBe('ot=th:0')
})

test('startSpan() makes silent spans when tracing was shut down', async () => {
  const t = startTestTracing({ sample: ALL })
  const tracer = t.tracing.tracer('t')
  await t.tracing.shutdown()

  expect(tracer.startSpan('late').isRecording()).toBe(false)
  expect(trace.getTracer('t').startSpan('later').isRecording()).toBe(false)
})

test.each([
  ['http.response.status_code', 500, true],
  ['http.status_code', 503, true],
  ['http.response.status_code', 499, false],
  ['rows', 500, false],
])('a span with %s %i keeps its segment: %s', async (key, value, kept) => {
  const t = startTestTracing({ sample: { head: 0 } })

  t.tracing.tracer('t').startSpan('work').setAttribute(key, value).end()
  await t.tracing.flush()

  expect(t.exporter.spans.length).toBe(kept ? 1 : 0)
})

test('spans carry the new wall time when the clock was set back', async () => {
  const t = startTestTracing({ sample: ALL })

  t.clock.jump(-3_600_000)
  await t.clock.advance(1000)
  t.tracing.tracer('t').startSpan('work').end()
  await t.tracing.flush()

  expect(t.exporter.named('work').startTime).toEqual([t.clock.now() / 1000, 0])
})
