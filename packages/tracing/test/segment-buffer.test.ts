import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { keep, span } from '@ops/tracing'
import { expect, test } from 'vitest'
import { createEndingLifecycle } from './support/lifecycle.ts'
import { startTestTracing, type TestTracing } from './support/start.ts'

const HEAD_OFF = { head: 0 }

/** A unit of work with its root open, and a way to start children in it. */
function openRequest({ tracing }: TestTracing, name = 'request'): { root: Span; child: (name: string) => Span } {
  const work = createContext()
  const tracer = tracing.tracer('t')
  const root = tracer.startSpan(name, {}, work)
  return { root, child: (childName) => tracer.startSpan(childName, {}, work) }
}

const fail = (span: Span): Span => span.setStatus({ code: SpanStatusCode.ERROR })

test('a segment waits for children that outlive its root when they end within 30 s', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const { root, child } = openRequest(t)
  const late = child('late')
  root.end()
  await t.clock.advance(29_000)
  await t.tracing.flush()
  expect(t.tracing.status().segments).toBe(1)

  fail(late).end()
  await t.tracing.flush()

  expect(t.exporter.names().toSorted()).toEqual(['late', 'request'])
  expect(t.tracing.status().segments).toBe(0)
})

test('a segment is decided without its late children when they take longer than 30 s', async () => {
  const t = startTestTracing({ sample: { head: 1 } })
  const { root, child } = openRequest(t)
  const late = child('late')
  root.end()

  await t.clock.advance(31_000)
  await t.tracing.flush()
  expect(t.exporter.names()).toEqual(['request'])
  late.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['request', 'late'])
})

test('a child brings its root along when it fails after the segment was left out', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const { root, child } = openRequest(t)
  const late = child('late')
  root.end()
  await t.clock.advance(31_000)

  fail(late).end()
  child('afterwards').end()
  await t.tracing.flush()

  expect(t.exporter.names().toSorted()).toEqual(['afterwards', 'late', 'request'])
  expect(t.exporter.named('request').attributes['sampling.reason']).toBe('error')
})

test('a span started after its segment ended brings the root along when it fails', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const { root, child } = openRequest(t)
  root.end()

  fail(child('fire and forget')).end()
  await t.tracing.flush()

  expect(t.exporter.names().toSorted()).toEqual(['fire and forget', 'request'])
})

test('a segment gives up its healthy children when it is older than 60 s, and still keeps a later error', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const { root, child } = openRequest(t)
  child('early').end()

  await t.clock.advance(61_000)
  expect(t.tracing.status()).toMatchObject({ segments: 0, heldSpans: 0, droppedSpans: { too_old: 1 } })
  fail(root).end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['request'])
})

test('a sampled segment sends what has ended when it is older than 60 s', async () => {
  const t = startTestTracing({ sample: { head: 1 } })
  const { root, child } = openRequest(t)
  child('early').end()

  await t.clock.advance(62_100)
  expect(t.exporter.names()).toEqual(['early'])
  root.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['early', 'request'])
})

test('a segment keeps its root and its first error when it has more than 500 spans', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const { root, child } = openRequest(t)
  for (let i = 0; i < 600; i++) child(`query ${i}`).end()

  fail(child('first error')).end()
  fail(child('second error')).end()
  root.end()
  await t.tracing.flush()

  expect(t.exporter.spans.length).toBe(502)
  expect(t.exporter.names()).toEqual(expect.arrayContaining(['request', 'first error', 'query 499']))
  expect(t.exporter.names()).not.toContain('second error')
  expect(t.tracing.status().droppedSpans.segment_full).toBe(101)
})

test('the oldest healthy segment goes first when there are too many, failing and sampled ones lose nothing', async () => {
  const t = startTestTracing({ sample: HEAD_OFF, limits: { maxSegments: 3 } })
  const failing = openRequest(t, 'failing')
  fail(failing.child('cause')).end()
  const healthy = openRequest(t, 'healthy')
  healthy.child('lost').end()

  const others = [openRequest(t, 'b'), openRequest(t, 'c')]
  expect(t.tracing.status()).toMatchObject({ segments: 3, droppedSpans: { segments_full: 1 } })
  for (const { root } of [failing, healthy, ...others]) root.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['cause', 'failing'])
})

test('an evicted segment is kept when its root fails or lasts too long after all', async () => {
  const t = startTestTracing({ sample: { head: 0, slowerThanMs: 2000 }, limits: { maxSegments: 1 } })
  const first = openRequest(t, 'slow')
  const second = openRequest(t, 'failed')
  const third = openRequest(t, 'healthy')

  fail(second.root).end()
  third.root.end()
  await t.clock.advance(2500)
  first.root.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['failed', 'slow'])
})

test('held spans stay under their bound when many segments hold some', () => {
  const t = startTestTracing({ sample: HEAD_OFF, limits: { maxSpans: 10 } })

  for (let i = 0; i < 30; i++) openRequest(t).child('query').end()

  expect(t.tracing.status().heldSpans).toBe(10)
  expect(t.tracing.status().droppedSpans.spans_full).toBe(20)
})

test('a segment is kept as slow when its root lasts as long as the rule says', async () => {
  const t = startTestTracing({
    sample: { head: 0, slowerThanMs: 2000, rules: [{ name: /^GET \/fast/, slowerThanMs: 100 }] },
  })
  for (const [name, ms] of [
    ['GET /fast/1', 150],
    ['GET /other', 150],
    ['GET /other/slow', 2000],
  ] as const) {
    const { root } = openRequest(t, name)
    await t.clock.advance(ms)
    root.end()
  }

  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['GET /fast/1', 'GET /other/slow'])
  expect(t.exporter.named('GET /fast/1').attributes['sampling.reason']).toBe('slow')
  expect(t.exporter.named('GET /fast/1').spanContext().traceState?.serialize()).toBe('ot=th:0')
})

test('a rule keeps its share of traces when the name is only known at the end', async () => {
  const t = startTestTracing({ sample: { head: 0, rules: [{ name: 'GET /checkout', head: 1 }] } })
  const { root } = openRequest(t, 'GET')
  expect(root.spanContext().traceFlags).toBe(0)

  root.updateName('GET /checkout').end()
  await t.tracing.flush()

  expect(t.exporter.named('GET /checkout').attributes['sampling.reason']).toBe('rule')
})

test('a rule decides at the head when the name is known at the start', () => {
  const t = startTestTracing({ sample: { head: 1, rules: [{ name: 'poll', head: 0 }] } })

  expect(openRequest(t, 'poll').root.spanContext().traceFlags).toBe(0)
  expect(openRequest(t, 'other').root.spanContext().traceFlags).toBe(1)
})

test('a segment stays out when errors are not to be kept', async () => {
  const t = startTestTracing({ sample: { head: 0, errors: false } })
  const { root } = openRequest(t)

  fail(root).end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual([])
})

test('keep() keeps the trace with its reason when the head left it out', async () => {
  const t = startTestTracing({ sample: HEAD_OFF })
  const work = createContext()
  const root = t.tracing.tracer('t').startSpan('request', {}, work)

  work.keep('exemplar')
  root.end()
  span('outside a unit', () => keep('by hand'))
  keep('nothing to keep')
  await t.tracing.flush()

  expect(t.exporter.named('request').attributes['sampling.reason']).toBe('exemplar')
  expect(t.exporter.named('outside a unit').attributes['sampling.reason']).toBe('by hand')
})

test('the last flush of a process ends what is open and says so', async () => {
  const { lifecycle, flushAtEnd } = createEndingLifecycle()
  const t = startTestTracing({ sample: HEAD_OFF, lifecycle })
  openRequest(t, 'in flight').child('done').end()
  openRequest(t, 'finished').root.end()

  await flushAtEnd()

  expect(t.exporter.names()).toEqual(['done', 'in flight'])
  expect(t.exporter.named('in flight').attributes).toMatchObject({
    'ops.unfinished': true,
    'sampling.reason': 'unfinished',
  })
})

test('what is still to come of a sampled segment counts as an error when it fails after it was decided', async () => {
  const t = startTestTracing({ sample: { head: 1, rules: [{ name: 'request', head: 0.999 }] } })
  const { root, child } = openRequest(t)
  child('early').end()
  await t.clock.advance(61_000)

  const culprit = fail(child('culprit'))
  root.end()
  culprit.end()
  await t.tracing.flush()

  expect(t.exporter.named('request').attributes['sampling.reason']).toBe('error')
  expect(t.exporter.named('culprit').spanContext().traceState?.serialize()).toBe('ot=th:0')
})

test('a root leaves once when a late child of a sampled segment fails', async () => {
  const t = startTestTracing({ sample: { head: 1 } })
  const { root, child } = openRequest(t)
  root.end()

  fail(child('late')).end()
  await t.tracing.flush()

  expect(t.exporter.names().toSorted()).toEqual(['late', 'request'])
})

test('a sampled segment stays together when a newer healthy one can go instead', async () => {
  const rules = [{ name: 'sampled', head: 1 }]
  const t = startTestTracing({ sample: { head: 0, rules }, limits: { maxSegments: 2 } })
  openRequest(t, 'sampled').child('held').end()
  openRequest(t, 'healthy').child('lost').end()

  openRequest(t, 'one too many')
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual([])
  expect(t.tracing.status()).toMatchObject({ heldSpans: 1, droppedSpans: { segments_full: 1 } })
})

test('a segment that goes on after its decision stays under its bound of spans', async () => {
  const t = startTestTracing({ sample: { head: 1 }, limits: { maxSpansPerSegment: 3 } })
  const { root, child } = openRequest(t)
  await t.clock.advance(61_000)

  for (let i = 0; i < 10; i++) child(`event ${i}`).end()
  root.end()
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['event 0', 'event 1', 'event 2', 'request'])
  expect(t.tracing.status().droppedSpans.segment_full).toBe(7)
})

test('a rule matches every time when its pattern is global', () => {
  const t = startTestTracing({ sample: { head: 0, rules: [{ name: /JOB/gi, head: 1 }] } })

  const flags = [1, 2, 3].map(() => openRequest(t, 'job').root.spanContext().traceFlags)

  expect(flags).toEqual([1, 1, 1])
})
