import { SpanStatusCode } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { expect, test } from 'vitest'
import { tracesUrl } from '../src/otlp.ts'
import { startCollector } from './support/collector.ts'
import { startTestTracing } from './support/start.ts'

test('startTracing() delivers kept spans as OTLP when it has an endpoint', async () => {
  const collector = await startCollector()
  const { tracing } = startTestTracing({ sample: { head: 0 }, export: { otlp: collector.endpoint } })
  const work = createContext()
  const root = tracing.tracer('t').startSpan('request', {}, work)
  tracing.tracer('t').startSpan('query', {}, work).setStatus({ code: SpanStatusCode.ERROR, message: 'no' }).end()
  root.end()

  await tracing.flush()

  expect(collector.paths).toEqual(['/v1/traces'])
  expect(collector.spans.map((span) => span.name).toSorted()).toEqual(['query', 'request'])
  const query = collector.spans.find((span) => span.name === 'query')
  expect(query).toMatchObject({
    traceId: work.traceId,
    parentSpanId: work.spanId,
    traceState: 'ot=th:0',
    status: { code: 2, message: 'no' },
  })
  expect((query?.flags ?? 0) & 1).toBe(1)
  expect(tracing.status()).toMatchObject({ exporter: 'ok', exportedSpans: 2, queuedSpans: 0 })
})

test('tracesUrl() adds the traces path once when the endpoint is a base', () => {
  expect(tracesUrl('http://collector:4318')).toBe('http://collector:4318/v1/traces')
  expect(tracesUrl('http://collector:4318/otlp/')).toBe('http://collector:4318/otlp/v1/traces')
  expect(tracesUrl('http://collector:4318/v1/traces')).toBe('http://collector:4318/v1/traces')
})
