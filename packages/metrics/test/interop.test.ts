import { counter, defineMetrics, gauge, histogram, type PromRegistry } from '@ops/metrics'
import { startOpsPort } from '@ops/ops-port'
import { recordLogs } from '@ops/testing'
import * as successor from '@prometheus-io/client'
import * as promClient from 'prom-client'
import { describe, expect, test } from 'vitest'
import { createTestMetrics, sample } from './test-metrics.ts'

const catalog = defineMetrics({
  orders: counter('orders_total', { help: 'Orders', labels: { kind: 'string' } }),
  depth: gauge('depth_ratio', { help: 'Depth' }),
  duration: histogram('call_duration_seconds', { help: 'Calls', labels: { a: 'string' }, buckets: [0.5, 2] }),
})

/** The two libraries have the same API; only the types of their options differ. */
const libraries = [
  ['prom-client', promClient],
  ['@prometheus-io/client', successor as unknown as typeof promClient],
] as const

describe.each(libraries)('with %s', (_name, client) => {
  test('mirrorTo() shows our metrics in its registry, those declared later too', async () => {
    const metrics = createTestMetrics(catalog)
    const registry = new client.Registry()
    metrics.mirrorTo(registry)
    metrics.onCollect(() => metrics.depth.set({}, 4), { name: 'depth' })

    metrics.orders.inc({ kind: 'a"b' }, 3)
    metrics.duration.observe({ a: 'x' }, 1)
    metrics.instruments({ late: counter('late_total', { help: 'Late' }) }).late.inc()

    const text = await registry.metrics()
    expect(sample(text, 'orders_total{kind="a\\"b"}')).toBe(3)
    expect(sample(text, 'depth_ratio')).toBe(4)
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="0.5"}')).toBe(0)
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="2"}')).toBe(1)
    expect(sample(text, 'call_duration_seconds_bucket{a="x",le="+Inf"}')).toBe(1)
    expect(sample(text, 'call_duration_seconds_count{a="x"}')).toBe(1)
    expect(sample(text, 'late_total')).toBe(1)
    await metrics.close()
  })

  test('mirrorTo() serves a registry that speaks OpenMetrics, and stops', async () => {
    const metrics = createTestMetrics(catalog)
    const registry = new client.Registry()
    registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
    const stop = metrics.mirrorTo(registry)
    metrics.orders.inc({ kind: 'x' })

    const text = await registry.metrics()
    expect(text).toContain('# TYPE orders counter')
    expect(sample(text, 'orders_total{kind="x"}')).toBe(1)

    stop()
    expect(await registry.metrics()).not.toContain('orders')
    await metrics.close()
  })

  test('include() shows its metrics, default labels and all, in both formats', async () => {
    const metrics = createTestMetrics(catalog)
    const registry = new client.Registry()
    registry.setDefaultLabels({ zone: 'z1' })
    const registers = [registry]
    new client.Counter({ name: 'third_total', help: 'Third', labelNames: ['l'], registers }).inc({ l: 'v' }, 2)
    new client.Counter({ name: 'odd_name', help: 'No suffix', registers }).inc(5)
    new client.Summary({ name: 'lag_seconds', help: 'Lag', percentiles: [0.5], registers }).observe(3)
    new client.Histogram({ name: 'wait_seconds', help: 'Wait', buckets: [1], registers }).observe(0.5)
    const stop = metrics.include(registry)

    const text = await metrics.expose()
    expect(sample(text, 'third_total{l="v",zone="z1"}')).toBe(2)
    expect(sample(text, 'lag_seconds{quantile="0.5",zone="z1"}')).toBe(3)
    expect(sample(text, 'wait_seconds_bucket{le="1",zone="z1"}')).toBe(1)

    const openmetrics = await metrics.expose('application/openmetrics-text')
    expect(openmetrics).toContain('# TYPE third counter\nthird_total{')
    expect(openmetrics).toContain('# TYPE odd_name unknown\nodd_name{')
    expect(sample(openmetrics, 'wait_seconds_bucket{le="1.0",zone="z1"}')).toBe(1)

    stop()
    expect(await metrics.expose()).not.toContain('third_total')
    await metrics.close()
  })

  test('include() and mirrorTo() of one registry give each metric once, and ours wins when it registers prom-client defaults', async () => {
    const { logger, records } = recordLogs()
    const metrics = createTestMetrics({ fds: gauge('process_open_fds', { help: 'ours' }) }, { logger })
    const registry = new client.Registry()
    client.collectDefaultMetrics({ register: registry })
    metrics.mirrorTo(registry)
    metrics.include(registry)
    metrics.fds.set({}, 1234)

    const text = await metrics.expose()
    const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    expect(new Set(types).size).toBe(types.length)
    expect(types).toContain('nodejs_version_info')
    expect(sample(text, 'process_open_fds')).toBe(1234)
    expect(await registry.metrics()).toContain('metrics_record_errors_total')
    expect(records.map((record) => record.fields)).toEqual([{ metric: 'process_open_fds' }])
    await metrics.close()
  })
})

describe('page()', () => {
  test('shows included metrics, once and without those whose names are ours, when served on the main thread', async () => {
    const metrics = createTestMetrics({ waits: gauge('wait_seconds_count', { help: 'ours' }), ...catalog })
    const registry = new promClient.Registry()
    const registers = [registry]
    new promClient.Gauge({ name: 'orders', help: 'theirs', registers }).set(1)
    new promClient.Histogram({ name: 'wait_seconds', help: 'theirs', registers }).observe(1)
    new promClient.Gauge({ name: 'free_ratio', help: 'theirs', registers }).set(0.5)
    metrics.include(registry)
    const opsPort = await startOpsPort({ port: 0, thread: false, pages: [metrics.page()] })

    const text = await (await fetch(`http://127.0.0.1:${opsPort.port}/metrics`)).text()

    expect(sample(text, 'free_ratio')).toBe(0.5)
    expect(text).not.toContain('theirs\n# TYPE wait_seconds')
    expect(text).not.toContain('# TYPE orders gauge')
    await Promise.all([opsPort.close(), metrics.close()])
  })
})

describe('include()', () => {
  test('loses only the registry when it fails or hangs', async () => {
    const metrics = createTestMetrics(catalog)
    const registry: PromRegistry = {
      getMetricsAsJSON: () => Promise.reject(new Error('broken')),
      registerMetric() {},
      removeSingleMetric() {},
    }
    metrics.include(registry)
    metrics.orders.inc({ kind: 'x' })

    const text = await metrics.expose()
    expect(sample(text, 'orders_total{kind="x"}')).toBe(1)
    expect(sample(text, 'metrics_collector_up{collector="prom_registry"}')).toBe(0)
    await metrics.close()
  })
})
