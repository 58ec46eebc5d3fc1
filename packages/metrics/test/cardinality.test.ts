import { counter, defineMetrics, gauge, histogram } from '@ops/metrics'
import { describe, expect, test } from 'vitest'
import { internalsOf } from '../src/internals.ts'
import { createTestMetrics, sample } from './test-metrics.ts'

const METHODS = ['GET', 'POST'] as const
const catalog = defineMetrics({
  requests: counter('requests_total', { help: 'Requests', labels: { method: METHODS, route: 'string' } }),
  duration: histogram('request_duration_seconds', { help: 'Duration', labels: { route: 'string' } }),
  seen: gauge('seen_ratio', { help: 'Seen', labels: { id: 'string' } }),
})

describe('series caps', () => {
  test('keep memory flat and real routes counted when a million distinct paths come', async () => {
    const metrics = createTestMetrics(catalog)
    metrics.reserve('requests_total', { route: ['/late'] })
    metrics.requests.inc({ method: 'GET', route: '/early' })
    const attack = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        metrics.requests.inc({ method: 'GET', route: `/wp-admin/${i}` })
        metrics.duration.observe({ route: `/wp-admin/${i}` }, 0.1)
      }
    }
    attack(0, 10_000)
    const before = (await metrics.expose()).split('\n').length
    const { shared } = internalsOf(metrics)
    const bytes = [shared.values.byteLength, shared.log.byteLength]

    attack(10_000, 1_000_000)
    metrics.requests.inc({ method: 'GET', route: '/early' })
    metrics.requests.inc({ method: 'POST', route: '/late' }, 5)

    const text = await metrics.expose()
    expect([shared.values.byteLength, shared.log.byteLength]).toEqual(bytes)
    // One line more: the reserved route's.
    expect(text.split('\n').length).toBe(before + 1)
    expect(sample(text, 'requests_total{method="GET",route="/early"}')).toBe(2)
    expect(sample(text, 'requests_total{method="POST",route="/late"}')).toBe(5)
    expect(sample(text, 'requests_total{method="GET",route="__overflow__"}')).toBe(1_000_000 - 499)
    expect(sample(text, 'metrics_series_overflow_total{metric="requests_total",label="route"}')).toBe(1_000_000 - 499)
    await metrics.close()
  })

  test('keep the declared labels apart when the series cap folds the open ones', async () => {
    const metrics = createTestMetrics(catalog, { maxSeriesPerMetric: 2 })
    metrics.requests.inc({ method: 'GET', route: '/a' })
    metrics.requests.inc({ method: 'GET', route: '/b' })

    metrics.requests.inc({ method: 'GET', route: '/c' })
    metrics.requests.inc({ method: 'POST', route: '/d' }, 2)
    metrics.requests.inc({ method: 'POST', route: '/a' }, 4)

    const text = await metrics.expose()
    expect(sample(text, 'requests_total{method="GET",route="__overflow__"}')).toBe(1)
    expect(sample(text, 'requests_total{method="POST",route="__overflow__"}')).toBe(6)
    expect(sample(text, 'metrics_series_overflow_total{metric="requests_total",label="route"}')).toBe(3)
    await metrics.close()
  })

  test('fold values that are not declared, too long or not well-formed', async () => {
    const metrics = createTestMetrics(catalog)

    metrics.requests.inc({ method: 'BREW' as 'GET', route: '/a' })
    metrics.duration.observe({ route: 'x'.repeat(1025) }, 1)
    metrics.duration.observe({ route: '\ud800' }, 1)

    const text = await metrics.expose()
    expect(sample(text, 'requests_total{method="__overflow__",route="/a"}')).toBe(1)
    expect(sample(text, 'metrics_series_overflow_total{metric="requests_total",label="method"}')).toBe(1)
    expect(sample(text, 'request_duration_seconds_count{route="__overflow__"}')).toBe(2)
    await metrics.close()
  })

  test('give the place of a removed series to another one', async () => {
    const metrics = createTestMetrics(catalog, { maxSeriesPerMetric: 3, maxValuesPerLabel: 3 })

    for (let i = 0; i < 6000; i++) {
      metrics.seen.set({ id: `${i}` }, i)
      metrics.seen.remove({ id: `${i}` })
    }
    metrics.seen.set({ id: 'last' }, 1)

    const text = await metrics.expose()
    expect(text.match(/^seen_ratio\{.*$/gm)).toEqual(['seen_ratio{id="last"} 1'])
    expect(sample(text, 'metrics_series_overflow_total{metric="seen_ratio",label="id"}')).toBe(0)
    await metrics.close()
  })

  test('throw when values are reserved for what is not declared', async () => {
    const metrics = createTestMetrics(catalog)

    expect(() => metrics.reserve('nope_total', { route: ['/a'] })).toThrow(/nope_total/)
    expect(() => metrics.reserve('requests_total', { path: ['/a'] })).toThrow(/expected one of \[method,route\]/)
    await metrics.close()
  })
})

describe('refused recordings', () => {
  test('are counted by reason and never throw', async () => {
    const metrics = createTestMetrics(catalog)
    const bad = undefined as unknown as { method: 'GET'; route: string }
    const hostile = {
      method: 'GET' as const,
      get route(): string {
        throw new Error('getter')
      },
    }

    metrics.requests.inc({ method: 'GET', route: '/' }, -1)
    metrics.requests.inc({ method: 'GET', route: '/' }, Number.NaN)
    metrics.requests.inc({ method: 'GET', route: '/' }, '1' as unknown as number)
    metrics.duration.observe({ route: '/' }, Number.POSITIVE_INFINITY)
    metrics.seen.set({ id: '1' }, Number.NaN)
    metrics.requests.inc(bad)
    metrics.requests.inc(hostile)
    metrics.requests.inc({ method: 'GET' } as unknown as typeof bad)
    metrics.requests.bind(bad).inc()
    metrics.seen.remove(bad as unknown as { id: string })

    const text = await metrics.expose()
    expect(sample(text, 'metrics_record_errors_total{reason="value"}')).toBe(5)
    expect(sample(text, 'metrics_record_errors_total{reason="label"}')).toBe(5)
    expect(sample(text, 'requests_total{method="GET",route="/"}')).toBe(0)
    await metrics.close()
  })
})
