/** Metrics for tests, and how to read an exposition. */
import type { MetricCatalog } from '@ops/core'
import { createMetrics, type Metrics, type MetricsOptions } from '@ops/metrics'

export function createTestMetrics<const C extends MetricCatalog>(
  catalog: C,
  options: Partial<MetricsOptions> = {},
): Metrics<C> {
  return createMetrics(catalog, { service: 'test', ...options })
}

/** The value of the line that begins with `series`; undefined when there is none. */
export function sample(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1).split(' ')[0])
}
