/** The parts of a prom-client registry (15, or its successor @prometheus-io/client) that the bridge uses. */

/** One line of a metric's `get()`. */
export interface PromValue {
  readonly value: number
  readonly labels?: Readonly<Record<string, string | number | undefined>>
  readonly metricName?: string
}

/** What a metric's `get()` and a registry's `getMetricsAsJSON()` give. */
export interface PromMetric {
  readonly name: string
  readonly help: string
  readonly type: unknown
  readonly values?: readonly PromValue[]
}

/** A registry, structurally. */
export interface PromRegistry {
  getMetricsAsJSON(): Promise<readonly unknown[]>
  registerMetric(metric: object): void
  removeSingleMetric(name: string): void
}
