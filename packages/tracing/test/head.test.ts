import { ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { expect, test } from 'vitest'
import { headUnder, newHead } from '../src/head.ts'
import { thresholdOf } from '../src/threshold.ts'
import { startTestTracing } from './support/start.ts'

const withRandomness = (randomness: string) => `${'1'.repeat(18)}${randomness}`

test('newHead() samples from the very threshold on', () => {
  const half = thresholdOf(0.5)

  expect(newHead(withRandomness('80000000000000'), half).sampled).toBe(true)
  expect(newHead(withRandomness('7fffffffffffff'), half).sampled).toBe(false)
})

test('headUnder() takes over what the caller decided, and nothing from an empty state', () => {
  expect(headUnder(0x03, '')).toEqual({
    sampled: true,
    threshold: undefined,
    randomness: undefined,
    callerState: undefined,
  })
  expect(headUnder(0x02, 'ot=th:8').sampled).toBe(false)
})

test('a rule goes by the randomness of the caller when it gives one', async () => {
  const t = startTestTracing({ sample: { head: 0, rules: [{ name: 'request', head: 0.5 }] } })
  const under = (rv: string, traceId: string) => {
    const parent = { traceId, spanId: 'b'.repeat(16), traceFlags: 0 }
    t.tracing
      .tracer('t')
      .startSpan('request', {}, createContext({ parent, traceState: `ot=rv:${rv}` }))
      .end()
  }

  under('f'.repeat(14), withRandomness('0'.repeat(14)))
  under('0'.repeat(14), withRandomness('f'.repeat(14)))
  await t.tracing.flush()

  expect(t.exporter.spans.map((span) => span.spanContext().traceId)).toEqual([withRandomness('0'.repeat(14))])
  expect(t.exporter.spans[0]?.spanContext().traceState?.serialize()).toBe(`ot=th:8;rv:${'f'.repeat(14)}`)
})

test('a trace that a caller sampled and a rule would have kept counts for the wider of the two', async () => {
  const t = startTestTracing({ sample: { head: 0, rules: [{ name: 'request', head: 0.5 }] } })
  const parent = { traceId: withRandomness('f'.repeat(14)), spanId: 'b'.repeat(16), traceFlags: 1 }

  t.tracing
    .tracer('t')
    .startSpan('request', {}, createContext({ parent, traceState: 'ot=th:c' }))
    .end()
  await t.tracing.flush()

  expect(t.exporter.named('request').spanContext().traceState?.serialize()).toBe('ot=th:8')
})

test('the decision of a caller stands when it comes by way of the API', () => {
  const t = startTestTracing({ sample: { head: 1 } })
  const remote: SpanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0, isRemote: true }

  const span = t.tracing.tracer('t').startSpan('request', {}, trace.setSpanContext(ROOT_CONTEXT, remote))

  expect(span.spanContext()).toMatchObject({ traceId: remote.traceId, traceFlags: 0 })
})
