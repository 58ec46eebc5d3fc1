import { SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { createTestRandom, recordLogs } from '@ops/testing'
import { expect, test } from 'vitest'
import { startCollector } from './support/collector.ts'
import { createEndingLifecycle } from './support/lifecycle.ts'
import { createMemoryExporter } from './support/memory-exporter.ts'
import { startTestTracing, type TestTracing } from './support/start.ts'

const ALL = { head: 1 }

function record({ tracing }: Pick<TestTracing, 'tracing'>, name: string, failed = false): void {
  const root = tracing.tracer('t').startSpan(name, {}, createContext())
  if (failed) root.setStatus({ code: SpanStatusCode.ERROR })
  root.end()
}

test('spans arrive after the collector answered 429', async () => {
  const collector = await startCollector()
  collector.script.push(429, 429)
  const t = startTestTracing({ sample: ALL, export: { otlp: collector.endpoint, timeoutMs: 200 } })
  record(t, 'request')

  await t.tracing.flush()
  expect(t.tracing.status()).toMatchObject({ exporter: 'failing', queuedSpans: 1 })
  await t.tracing.flush()
  await t.tracing.flush()

  expect(collector.spans.map((span) => span.name)).toEqual(['request'])
  expect(t.tracing.status()).toMatchObject({ exporter: 'ok', queuedSpans: 0, lastFailure: undefined })
})

test('spans arrive after the collector hung', async () => {
  const collector = await startCollector()
  collector.script.push('hang')
  const t = startTestTracing({ sample: ALL, export: { otlp: collector.endpoint, timeoutMs: 100 } })
  record(t, 'request')

  await t.tracing.flush()
  expect(t.tracing.status()).toMatchObject({ exporter: 'failing', queuedSpans: 1 })
  await t.tracing.flush()

  expect(collector.spans.map((span) => span.name)).toEqual(['request'])
})

test('spans arrive when a collector that refused connections is back', async () => {
  const first = await startCollector()
  await first.close()
  const t = startTestTracing({ sample: ALL, export: { otlp: first.endpoint, timeoutMs: 100 } })
  record(t, 'request')
  await t.tracing.flush()
  expect(t.tracing.status()).toMatchObject({ exporter: 'failing', queuedSpans: 1 })

  const second = await startCollector(Number(new URL(first.endpoint).port))
  await t.tracing.flush()

  expect(second.spans.map((span) => span.name)).toEqual(['request'])
})

test('spans are given up when the collector says they are malformed, and the next ones arrive', async () => {
  const collector = await startCollector()
  collector.script.push(400)
  const t = startTestTracing({ sample: ALL, export: { otlp: collector.endpoint } })

  record(t, 'refused')
  await t.tracing.flush()
  record(t, 'accepted')
  await t.tracing.flush()

  expect(collector.spans.map((span) => span.name)).toEqual(['accepted'])
  expect(t.tracing.status().droppedSpans.rejected).toBe(1)
})

test('an exporter that throws loses its batch and nothing else', async () => {
  const t = startTestTracing({ sample: ALL })
  t.exporter.script.push('throw')

  record(t, 'lost')
  await t.tracing.flush()
  record(t, 'kept')
  await t.tracing.flush()

  expect(t.exporter.names()).toEqual(['kept'])
  expect(t.tracing.status()).toMatchObject({ exporter: 'ok', droppedSpans: { rejected: 1 } })
})

test('an exporter that never answers is given up after its time, and its batch is sent again', async () => {
  const exporter = createMemoryExporter()
  const t = startTestTracing({ sample: ALL, export: { exporter, timeoutMs: 5000 } })
  exporter.script.push('hang')
  record(t, 'request')

  const flushed = t.tracing.flush()
  await t.clock.waitForTimers(2)
  await t.clock.advance(6000)
  await flushed
  expect(t.tracing.status()).toMatchObject({ exporter: 'failing', lastFailure: expect.stringContaining('no answer') })
  await t.tracing.flush()

  expect(exporter.names()).toEqual(['request'])
})

test('delivery backs off with jitter up to 30 s while the exporter fails, and resumes by itself', async () => {
  const down = Array.from({ length: 8 }, () => Object.assign(new Error('down'), { code: 'ECONNREFUSED' }))
  const { records, logger } = recordLogs()
  const t = startTestTracing({ sample: ALL, logger, random: createTestRandom(1) })
  t.exporter.script.push(...down)
  record(t, 'request')

  await t.clock.advance(1000)
  expect(t.exporter.script.length).toBe(7)
  for (let s = 0; s < 180; s++) {
    await t.clock.advance(1000)
    record(t, 'more')
  }
  await t.tracing.flush()

  expect(t.exporter.names()[0]).toBe('request')
  expect(t.exporter.spans.length).toBe(181)
  expect(records.map((line) => line.level)).toEqual(['warn', 'info'])
})

test('the queue drops healthy spans before failing ones when the exporter is down for the whole run', async () => {
  const exporter = createMemoryExporter()
  const down = new Error('down')
  exporter.script.push(...Array.from({ length: 50 }, () => down))
  const t = startTestTracing({ sample: ALL, export: { exporter, maxQueueSpans: 100, maxBatchSpans: 10 } })

  for (let i = 0; i < 1000; i++) {
    record(t, `request ${i}`, i % 20 === 0)
    if (i % 100 === 0) await t.tracing.flush()
  }
  expect(t.tracing.status()).toMatchObject({ queuedSpans: 100, droppedSpans: { queue_full: 900 } })
  exporter.script.length = 0
  await t.tracing.flush()

  const errors = exporter.spans.filter((span) => span.status.code === SpanStatusCode.ERROR)
  expect(errors.length).toBe(50)
  expect(exporter.names().slice(0, 2)).toEqual(['request 0', 'request 20'])
  expect(exporter.spans.length).toBe(100)
})

test('the queue stays bounded when everything fails and nothing leaves', async () => {
  const exporter = createMemoryExporter()
  const t = startTestTracing({ sample: { head: 0 }, export: { exporter, maxQueueSpans: 50 } })

  for (let i = 0; i < 500; i++) record(t, `request ${i}`, true)

  expect(t.tracing.status().queuedSpans).toBe(50)
  expect(t.tracing.status().droppedSpans.queue_full).toBe(450)
})

test('every error trace arrives at the collector under twice the pressure the buffer was made for', async () => {
  const collector = await startCollector()
  const limits = { maxSegments: 50, maxSpans: 200, maxSpansPerSegment: 5 }
  const random = createTestRandom(3)
  const t = startTestTracing({ sample: { head: 0.1 }, limits, export: { otlp: collector.endpoint } })
  const emitted = new Set<string>()
  const tracer = t.tracing.tracer('t')

  for (let round = 0; round < 20; round++) {
    const open = Array.from({ length: 2 * limits.maxSegments }, () => {
      const work = createContext()
      return { work, root: tracer.startSpan('request', {}, work) }
    })
    for (let step = 0; step < 8; step++) {
      for (const { work, root } of open) {
        const child = tracer.startSpan('query', {}, work)
        if (random.next() < 0.01) {
          const culprit = random.next() < 0.5 ? child : root
          culprit.setStatus({ code: SpanStatusCode.ERROR })
          const known = emitted.has(`${work.traceId} request`)
          if (!known) emitted.add(`${work.traceId} ${culprit === child ? 'query' : 'request'}`)
          emitted.add(`${work.traceId} request`)
        }
        child.end()
      }
    }
    for (const { root } of open) root.end()
    expect(t.tracing.status().segments).toBeLessThanOrEqual(limits.maxSegments)
    expect(t.tracing.status().heldSpans).toBeLessThanOrEqual(limits.maxSpans)
  }
  await t.tracing.flush()

  const arrived = new Set(collector.spans.map((span) => `${span.traceId} ${span.name}`))
  expect(emitted.size).toBeGreaterThan(100)
  expect([...emitted].filter((key) => !arrived.has(key))).toEqual([])
  expect(new Set(collector.spans.map((span) => span.spanId)).size).toBe(collector.spans.length)
})

test('shutdown() delivers, counts what it cannot deliver, and closes the exporter', async () => {
  const t = startTestTracing({ sample: ALL })
  record(t, 'delivered')
  await t.tracing.flush()
  t.exporter.script.push(new Error('down'))
  record(t, 'lost')

  await t.tracing.shutdown()
  record(t, 'after')

  expect(t.exporter.names()).toEqual(['delivered'])
  expect(t.exporter.closed).toBe(true)
  expect(t.tracing.status()).toMatchObject({ queuedSpans: 0, droppedSpans: { shutdown: 1 } })
})

test('the last flush of a process waits 1.5 s at most when the exporter hangs', async () => {
  const { lifecycle, flushAtEnd } = createEndingLifecycle()
  const t = startTestTracing({ sample: ALL, lifecycle })
  t.exporter.script.push('hang')
  record(t, 'request')

  const flushed = flushAtEnd()
  await t.clock.advance(1500)
  await flushed

  expect(t.exporter.names()).toEqual([])
  await t.clock.advance(10_000)
})

test('an exporter that cannot be loaded is tried again with the next batch', async () => {
  const t = startTestTracing({
    sample: ALL,
    export: { otlp: 'http://127.0.0.1:1', headers: { 'bad name': 'x' }, timeoutMs: 50 },
  })

  record(t, 'request')
  await t.tracing.flush()

  expect(t.tracing.status()).toMatchObject({ exporter: 'failing' })
})

test('export runs outside the unit of work whose span set it off, and makes no spans', async () => {
  const t = startTestTracing({ sample: ALL })
  const seen: unknown[] = []
  const { export: deliver } = t.exporter
  t.exporter.export = (spans, done) => {
    seen.push(currentContext(), trace.getTracer('exporter').startSpan('POST').isRecording())
    deliver(spans, done)
  }

  runInContext(createContext(), () => record(t, 'request'))
  await t.clock.advance(1000)

  expect(seen).toEqual([undefined, false])
  expect(t.exporter.names()).toEqual(['request'])
})

test.each([
  [400, 'rejected'],
  [404, 'rejected'],
  [413, 'rejected'],
  [408, 'retried'],
  [429, 'retried'],
  [500, 'retried'],
  [503, 'retried'],
  ['ECONNRESET', 'retried'],
])('a batch that failed with %s is %s', async (code, outcome) => {
  const t = startTestTracing({ sample: ALL })
  t.exporter.script.push(Object.assign(new Error('no'), { code }))

  record(t, 'request')
  await t.tracing.flush()

  const { queuedSpans, droppedSpans } = t.tracing.status()
  expect({ queuedSpans, rejected: droppedSpans.rejected }).toEqual(
    outcome === 'retried' ? { queuedSpans: 1, rejected: 0 } : { queuedSpans: 0, rejected: 1 },
  )
})

test('retries wait twice as long each time up to 30 s, and start over once one was delivered', async () => {
  const exporter = createMemoryExporter()
  const t = startTestTracing({ sample: ALL, random: { next: () => 1 }, export: { exporter, maxBatchSpans: 1 } })
  const failTimes = async (count: number) => {
    exporter.script.push(...Array.from({ length: count }, () => new Error('down')))
    record(t, 'request')
    await t.clock.advance(1)
    const waits: number[] = []
    for (let left = exporter.script.length, s = 1; left > 0; s++) {
      await t.clock.advance(1000)
      if (exporter.script.length === left) continue
      left = exporter.script.length
      waits.push(s)
      s = 0
    }
    return waits
  }

  const first = await failTimes(8)
  await t.clock.advance(30_000)
  const second = await failTimes(3)

  expect(first).toEqual([1, 2, 4, 8, 16, 30, 30])
  expect(exporter.spans.length).toBe(1)
  expect(second).toEqual([1, 2])
})

test('a full batch leaves at once, but not while delivery backs off', async () => {
  const exporter = createMemoryExporter()
  const t = startTestTracing({ sample: ALL, random: { next: () => 1 }, export: { exporter, maxBatchSpans: 3 } })
  for (let i = 0; i < 3; i++) record(t, 'request')
  await t.clock.advance(0)
  expect(exporter.batches).toEqual([3])

  exporter.script.push(new Error('down'))
  for (let i = 0; i < 3; i++) record(t, 'request')
  await t.clock.advance(0)
  for (let i = 0; i < 3; i++) record(t, 'request')
  await t.clock.advance(999)
  expect(exporter.batches).toEqual([3])
  await t.clock.advance(1)

  expect(exporter.batches).toEqual([3, 3, 3])
})
