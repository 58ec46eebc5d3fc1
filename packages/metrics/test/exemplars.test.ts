import { type Span, type SpanContext, trace } from '@opentelemetry/api'
import { createContext, runInContext, type WorkContext } from '@ops/core'
import { counter, defineMetrics, histogram } from '@ops/metrics'
import { createTestClock } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { createTestMetrics } from './test-metrics.ts'

const catalog = defineMetrics({
  duration: histogram('call_duration_seconds', { help: 'Calls', labels: { a: 'string' }, buckets: [0.5, 2] }),
  calls: counter('calls_total', { help: 'Calls' }),
})
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0'
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

/** A unit of work inside a span that is recorded, or not. */
function unit(traceId: string, recording: boolean): WorkContext {
  const spanContext: SpanContext = { traceId, spanId: '00f067aa0ba902b7', traceFlags: recording ? 1 : 0 }
  const span: Span = Object.assign(trace.wrapSpanContext(spanContext), { isRecording: () => recording })
  const context = createContext({ traceId })
  return trace.setSpan(context, span) as WorkContext
}
describe('exemplars', () => {
  test('name the trace, which is asked to be kept, when the observation was made in a recorded span', async () => {
    const clock = createTestClock()
    const metrics = createTestMetrics(catalog, { clock })
    const work = unit(TRACE_ID, true)

    runInContext(work, () => metrics.duration.observe({ a: 'x' }, 1.5))

    const lines = (await metrics.expose(OPENMETRICS)).split('\n').filter((line) => line.includes(' # '))
    expect(lines).toEqual([
      `call_duration_seconds_bucket{a="x",le="2.0"} 1 # {trace_id="${TRACE_ID}",span_id="00f067aa0ba902b7"} 1.5 ${clock.now() / 1000}`,
    ])
    expect(work.keepReason).toBe('exemplar')
    expect(await metrics.expose()).not.toContain(TRACE_ID)
    await metrics.close()
  })

  test('are left out when nothing records the span, or nobody wants them', async () => {
    const off = createTestMetrics(catalog, { exemplars: false })
    const metrics = createTestMetrics(catalog)
    const [unrecorded, recorded] = [unit(TRACE_ID, false), unit(TRACE_ID, true)]

    runInContext(unrecorded, () => metrics.duration.observe({ a: 'x' }, 1))
    metrics.duration.observe({ a: 'x' }, 0.1)
    runInContext(recorded, () => off.duration.observe({ a: 'x' }, 1))

    expect(await metrics.expose(OPENMETRICS)).not.toContain(' # ')
    expect(await off.expose(OPENMETRICS)).not.toContain(' # ')
    expect([unrecorded.keepReason, recorded.keepReason]).toEqual([undefined, undefined])
    await Promise.all([metrics.close(), off.close()])
  })

  test('are at most one a bucket in ten seconds', async () => {
    const clock = createTestClock()
    const metrics = createTestMetrics(catalog, { clock })
    const observe = (n: number) => {
      const work = unit(`${n}`.padStart(32, 'a'), true)
      runInContext(work, () => metrics.duration.observe({ a: 'x' }, 1))
      return work.keepReason
    }

    const kept: (string | undefined)[] = []
    for (let second = 0; second < 24; second++) {
      kept.push(observe(second))
      await clock.advance(1000)
    }

    expect(kept.filter((reason) => reason !== undefined).length).toBe(3)
    expect(await metrics.expose(OPENMETRICS)).toContain('22"')
    await metrics.close()
  })
})
