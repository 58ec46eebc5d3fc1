/** A meter that keeps every series in memory, and notes what a real one would refuse. */
import type { Instruments, Meter, MetricCatalog, MetricDefinition } from '@ops/core'

type Labels = Readonly<Record<string, string>>

/** One series as recorded. */
export interface MetricSample {
  /** All labels, by name. */
  readonly labels: Readonly<Record<string, string>>
  /** A counter's or gauge's value, a histogram's number of observations. */
  readonly value: number
}

/** A meter and what was recorded with it. */
export interface MetricRecording {
  /** Records in memory. */
  readonly meter: Meter
  /**
   * The sum over all series of `name` that carry `labels`; for a histogram the number of observations.
   * Nothing recorded: 0 for counters and histograms, undefined for gauges.
   *
   * @throws Error when no metric of that name was declared, so that a misspelt test fails.
   */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** The values observed by a histogram, in order. @throws Error when no metric of that name was declared. */
  observations(name: string, labels?: Readonly<Record<string, string>>): number[]
  /** Every series of `name`. @throws Error when no metric of that name was declared. */
  series(name: string): MetricSample[]
  /** Runs the `onCollect` callbacks, as a scrape does; rejects when one of them does. */
  collect(): Promise<void>
  /** What a real meter would have counted as a recording error: bad values, missing, undeclared or out-of-set labels. */
  readonly problems: string[]
}

interface Series {
  readonly labels: Labels
  value: number
  readonly observed: number[]
}

class Metric {
  readonly definition: MetricDefinition
  readonly series: Map<string, Series> = new Map()
  readonly #problems: string[]

  constructor(definition: MetricDefinition, problems: string[]) {
    this.definition = definition
    this.#problems = problems
  }

  at(labels: Labels): Series {
    const key = keyOf(labels)
    let series = this.series.get(key)
    if (series === undefined) this.series.set(key, (series = { labels: { ...labels }, value: 0, observed: [] }))
    return series
  }

  matching(labels: Labels): Series[] {
    return [...this.series.values()].filter((one) =>
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    )
  }

  /** True when a real meter would take it; else the reason is noted and nothing recorded. */
  accepts(labels: Labels, value: number): boolean {
    const problem = problemOf(this.definition, labels, value)
    if (problem === undefined) return true
    this.#problems.push(`${this.definition.name}: ${problem}`)
    return false
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function problemOf({ kind, labels: declared }: MetricDefinition, labels: Labels, value: number): string | undefined {
  if (!Number.isFinite(value)) return `value ${value} is not finite`
  if (kind === 'counter' && value < 0) return `value ${value} is negative`
  const stray = Object.keys(labels).find((label) => !(label in declared))
  if (stray !== undefined) return `label ${stray} is not declared`
  for (const [label, allowed] of Object.entries(declared)) {
    const given: unknown = labels[label]
    if (typeof given !== 'string') return `label ${label} is ${given === undefined ? 'missing' : typeof given}`
    if (allowed !== 'string' && !allowed.includes(given)) return `label ${label} has the value ${given} outside its set`
  }
  return undefined
}

function createInstrument(metric: Metric): object {
  const inc = (labels: Labels = {}, by = 1) => {
    if (metric.accepts(labels, by)) metric.at(labels).value += by
  }
  const set = (labels: Labels, value: number) => {
    if (metric.accepts(labels, value)) metric.at(labels).value = value
  }
  const observe = (labels: Labels, value: number) => {
    if (metric.accepts(labels, value)) metric.at(labels).observed.push(value)
  }
  const remove = (labels: Labels) => void metric.series.delete(keyOf(labels))
  const bind = (labels: Labels) => ({
    inc: (by?: number) => inc(labels, by),
    set: (value: number) => set(labels, value),
    observe: (value: number) => observe(labels, value),
  })
  return { inc, set, observe, remove, bind }
}

/** Creates a meter that records in memory. Like a real one it never throws while recording; see `problems`. */
export function recordMetrics(): MetricRecording {
  const metrics = new Map<string, Metric>()
  const collectors = new Set<() => void | Promise<void>>()
  const problems: string[] = []

  const register = (definition: MetricDefinition): Metric => {
    const known = metrics.get(definition.name) ?? new Metric(definition, problems)
    metrics.set(definition.name, known)
    return known
  }
  const find = (name: string): Metric => {
    const metric = metrics.get(name)
    if (metric !== undefined) return metric
    throw new Error(`Cannot read metric ${name}: not declared, expected one of [${[...metrics.keys()].join(', ')}]`)
  }
  const meter: Meter = {
    instruments: <C extends MetricCatalog>(catalog: C) =>
      Object.fromEntries(
        Object.entries(catalog).map(([key, definition]) => [key, createInstrument(register(definition))]),
      ) as unknown as Instruments<C>,
    onCollect(collect) {
      collectors.add(collect)
      return () => void collectors.delete(collect)
    },
  }
  return {
    meter,
    problems,
    value: (name, labels = {}) => totalOf(find(name), labels),
    observations: (name, labels = {}) =>
      find(name)
        .matching(labels)
        .flatMap((one) => one.observed),
    series: (name) => {
      const metric = find(name)
      return metric.matching({}).map((one) => ({ labels: one.labels, value: numberOf(metric, one) }))
    },
    collect: async () => {
      for (const collect of collectors) await collect()
    },
  }
}

function numberOf(metric: Metric, series: Series): number {
  return metric.definition.kind === 'histogram' ? series.observed.length : series.value
}

function totalOf(metric: Metric, labels: Labels): number | undefined {
  const matching = metric.matching(labels)
  if (matching.length === 0 && metric.definition.kind === 'gauge') return undefined
  return matching.reduce((sum, one) => sum + numberOf(metric, one), 0)
}
