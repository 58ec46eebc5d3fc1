import { SpanStatusCode } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { createTestRandom } from '@ops/testing'
import { expect, test } from 'vitest'
import { startTestTracing } from './support/start.ts'
import { weightOf } from './support/weight.ts'

const REQUESTS = 100_000

test('estimated totals from kept spans are within 2 % of the truth over 100,000 requests', async () => {
  const random = createTestRandom(7)
  const id = () => Array.from({ length: 4 }, () => hex8(random.next())).join('')
  const kept = startTestTracing({
    sample: { head: 0.1, rules: [{ name: 'GET /rare', head: 0.5 }] },
  })
  const truth = new Map<string, number>()

  for (let i = 0; i < REQUESTS; i++) {
    const work = createContext({ traceId: id() })
    const root = kept.tracing.tracer('t').startSpan('GET', {}, work)
    const route = random.next() < 0.1 ? 'GET /rare' : 'GET /orders'
    const failed = random.next() < 0.01
    root.updateName(route).setAttribute('failed', failed)
    if (failed) root.setStatus({ code: SpanStatusCode.ERROR })
    root.end()
    for (const group of [route, failed ? 'failed' : 'healthy']) truth.set(group, (truth.get(group) ?? 0) + 1)
    if (i % 5000 === 0) await kept.tracing.flush()
  }
  await kept.tracing.flush()

  const estimates = new Map<string, number>()
  for (const span of kept.exporter.spans) {
    const weight = weightOf(span.spanContext().traceState?.serialize())
    for (const group of [span.name, span.attributes['failed'] === true ? 'failed' : 'healthy', 'all']) {
      estimates.set(group, (estimates.get(group) ?? 0) + weight)
    }
  }
  expect(estimates.get('failed')).toBe(truth.get('failed'))
  for (const [group, count] of [...truth, ['all', REQUESTS] as const]) {
    expect(Math.abs((estimates.get(group) ?? 0) / count - 1)).toBeLessThan(0.02)
  }
  expect(kept.exporter.spans.length).toBeLessThan(REQUESTS / 5)
})

function hex8(uniform: number): string {
  return Math.floor(uniform * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}
