/** A real Prometheus scrapes both formats and gets the same numbers. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Span, trace } from '@opentelemetry/api'
import { createContext, runInContext, type WorkContext } from '@ops/core'
import { collectDefaults, counter, defineMetrics, histogram } from '@ops/metrics'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { hasPrometheus, type Prometheus, startPrometheus } from './services/prometheus.ts'
import { createTestMetrics } from './test-metrics.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const catalog = defineMetrics({
  orders: counter('orders_total', { help: 'Orders with "quotes" and \\', labels: { kind: 'string' } }),
  duration: histogram('call_duration_seconds', { help: 'Calls', labels: { a: 'string' }, buckets: [0.5, 2] }),
})
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

describe.runIf(hasPrometheus)('a Prometheus server', () => {
  test('scrapes OpenMetrics, exemplars included, as it prefers by default', async () => {
    const metrics = recorded()
    closing.push(collectDefaults(metrics), () => metrics.close())
    const { port } = await metrics.serve({ port: 0 })

    const prometheus = await started(port)

    await waitFor(async () => (await prometheus.query('orders_total')).length === 2, { timeoutMs: 15_000 })
    await expectNumbers(prometheus)
    await waitFor(async () => (await prometheus.exemplars('call_duration_seconds_bucket')).length === 1, {
      timeoutMs: 15_000,
    })
    const [series] = await prometheus.exemplars('call_duration_seconds_bucket')
    expect(series?.exemplars[0]?.labels['trace_id']).toBe(TRACE_ID)
  }, 60_000)

  test('scrapes text when the endpoint offers nothing else', async () => {
    const metrics = recorded()
    const server = createServer(async (_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(await metrics.expose('text/plain'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(
      () => server.close(),
      () => metrics.close(),
    )

    const prometheus = await started((server.address() as { port: number }).port)

    await waitFor(async () => (await prometheus.query('orders_total')).length === 2, { timeoutMs: 15_000 })
    await expectNumbers(prometheus)
  }, 60_000)
})

function recorded() {
  const metrics = createTestMetrics(catalog)
  metrics.orders.inc({ kind: 'a "b"\n\\' }, 3)
  metrics.orders.inc({ kind: 'é' }, 4)
  const spanContext = { traceId: TRACE_ID, spanId: '00f067aa0ba902b7', traceFlags: 1 }
  const span: Span = Object.assign(trace.wrapSpanContext(spanContext), { isRecording: () => true })
  const work = trace.setSpan(createContext({ traceId: TRACE_ID }), span) as WorkContext
  runInContext(work, () => metrics.duration.observe({ a: 'x' }, 1))
  return metrics
}

async function started(port: number): Promise<Prometheus> {
  const prometheus = await startPrometheus(port)
  closing.unshift(() => prometheus.stop())
  return prometheus
}

async function expectNumbers(prometheus: Prometheus): Promise<void> {
  expect((await prometheus.targets()).map(({ health, lastError }) => [health, lastError])).toEqual([['up', '']])
  const orders = await prometheus.query('orders_total')
  expect(orders.map(({ metric, value }) => [metric['kind'], value[1]]).sort()).toEqual([
    ['a "b"\n\\', '3'],
    ['é', '4'],
  ])
  const quantile = await prometheus.query('histogram_quantile(1, call_duration_seconds_bucket)')
  expect(quantile[0]?.value[1]).toBe('2')
  expect((await prometheus.query('call_duration_seconds_sum'))[0]?.value[1]).toBe('1')
}
