import { counter, defineMetrics, gauge, histogram, type MetricsControl } from '@ops/metrics'
import { afterEach, describe, expect, test } from 'vitest'
import { checkMetrics, hasPrometheus } from './services/prometheus.ts'
import { createTestMetrics, sample } from './test-metrics.ts'

const open: MetricsControl[] = []
const created = <M extends MetricsControl>(metrics: M): M => {
  open.push(metrics)
  return metrics
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((metrics) => metrics.close()))
})

const catalog = defineMetrics({
  orders: counter('orders_total', { help: 'Orders', labels: { kind: ['new', 'repeat'], route: 'string' } }),
  paid: counter('paid_total', { help: 'Payments', labels: { kind: ['card', 'cash'] } }),
  depth: gauge('queue_depth', { help: 'Jobs waiting', labels: { queue: 'string' } }),
  duration: histogram('call_duration_seconds', {
    help: 'Duration of calls',
    labels: { a: 'string' },
    buckets: [0.5, 2],
  }),
})

describe('recording', () => {
  test('inc() adds to the series of its labels when called with and without an amount', async () => {
    const metrics = created(createTestMetrics(catalog))

    metrics.orders.inc({ kind: 'new', route: '/a' })
    metrics.orders.bind({ kind: 'new', route: '/a' }).inc(2.5)

    expect(sample(await metrics.expose(), 'orders_total{kind="new",route="/a"}')).toBe(3.5)
  })

  test('observe() fills cumulative buckets when values lie on, under and over the bounds', async () => {
    const metrics = created(createTestMetrics(catalog))

    const bound = metrics.duration.bind({ a: 'x' })
    for (const value of [0.5, 0.1, 1, 3]) bound.observe(value)

    const text = await metrics.expose()
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="0.5"}')).toBe(2)
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="2"}')).toBe(3)
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="+Inf"}')).toBe(4)
    expect(sample(text, 'call_duration_seconds_count{a="x"}')).toBe(4)
    expect(sample(text, 'call_duration_seconds_sum{a="x"}')).toBeCloseTo(4.6)
  })

  test('keeps two series when their joined labels would read the same', async () => {
    const pairs = defineMetrics({ hits: counter('hits_total', { help: 'h', labels: { a: 'string', b: 'string' } }) })
    const metrics = created(createTestMetrics(pairs))

    metrics.hits.inc({ a: '1,b:2', b: '' })
    metrics.hits.inc({ a: '1', b: '2' }, 10)
    metrics.hits.inc({ a: '"', b: '\\' }, 100)

    const text = await metrics.expose()
    expect(sample(text, 'hits_total{a="1,b:2",b=""}')).toBe(1)
    expect(sample(text, 'hits_total{a="1",b="2"}')).toBe(10)
    expect(sample(text, 'hits_total{a="\\"",b="\\\\"}')).toBe(100)
  })

  test('set() shows a gauge only when it was set, and remove() takes it away for handles too', async () => {
    const metrics = created(createTestMetrics(catalog))
    const bound = metrics.depth.bind({ queue: 'mail' })
    expect(await metrics.expose()).not.toContain('queue_depth{')

    bound.inc(3)
    expect(sample(await metrics.expose(), 'queue_depth{queue="mail"}')).toBe(3)

    metrics.depth.remove({ queue: 'mail' })
    bound.set(7)
    metrics.depth.set({ queue: 'other' }, 1)
    expect(await metrics.expose()).not.toContain('queue="mail"')
  })

  test('starts declared series at 0 when all labels have a list', async () => {
    const metrics = created(createTestMetrics(catalog))

    const text = await metrics.expose()

    expect(sample(text, 'paid_total{kind="card"}')).toBe(0)
    expect(sample(text, 'paid_total{kind="cash"}')).toBe(0)
  })
})

describe('instruments()', () => {
  test('gives the same series when one declaration is registered twice', async () => {
    const metrics = created(createTestMetrics(catalog))

    metrics.instruments(catalog).paid.inc({ kind: 'card' })
    metrics.paid.inc({ kind: 'card' })

    expect(sample(await metrics.expose(), 'paid_total{kind="card"}')).toBe(2)
  })

  test('throws when a name is declared in two ways, or two metrics share a sample name', () => {
    const metrics = created(createTestMetrics(catalog))

    expect(() => metrics.instruments({ a: gauge('queue_depth', { help: 'x' }) })).toThrow(
      /queue_depth.*expected the same/,
    )
    expect(() => metrics.instruments({ a: gauge('orders', { help: 'x' }) })).toThrow(/orders_total has the sample name/)
    expect(() => metrics.instruments({ a: gauge('call_duration_seconds_count', { help: 'x' }) })).toThrow(TypeError)
  })
})

describe('createMetrics()', () => {
  test('throws when options or property names are out of range', () => {
    expect(() => createTestMetrics(catalog, { service: '' })).toThrow(/service is ""/)
    expect(() => createTestMetrics(catalog, { maxSeriesPerMetric: 0 })).toThrow(RangeError)
    expect(() => createTestMetrics(catalog, { maxValuesPerLabel: 1.5 })).toThrow(/from 1 to 1000000/)
    expect(() => createTestMetrics(catalog, { collectTimeoutMs: -1 })).toThrow(RangeError)
    expect(() => createTestMetrics({ expose: gauge('x_ratio', { help: 'x' }) })).toThrow(/property expose/)
  })

  test('ties the exposition to a build when version and commit are given', async () => {
    const metrics = created(createTestMetrics(catalog, { version: '1.2.3', commit: 'abc' }))

    expect(sample(await metrics.expose(), 'build_info{version="1.2.3",commit="abc"}')).toBe(1)
  })

  test.runIf(hasPrometheus)('passes promtool check metrics when everything was recorded', async () => {
    const metrics = created(createTestMetrics(catalog))
    metrics.orders.inc({ kind: 'new', route: 'line\nbreak "quoted" back\\slash ünï' })
    metrics.duration.observe({ a: 'x' }, 1)
    metrics.depth.set({ queue: 'q' }, 1e21)

    expect(checkMetrics(await metrics.expose())).toBe('')
  })
})
