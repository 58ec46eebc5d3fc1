/** Metric declarations: plain data from which instruments, dashboards and alerts are made. */

/** Label names with their values: `'string'` for open sets (templates, names), a list for closed ones. Never a key, tenant or id. */
export type LabelSpec = Readonly<Record<string, 'string' | readonly string[]>>

/** The label values an instrument takes. */
export type LabelsOf<L extends LabelSpec> = {
  readonly [K in keyof L]: L[K] extends readonly (infer V extends string)[] ? V : string
}

/** What a declaration says besides name and kind. */
export interface MetricOptions<L extends LabelSpec> {
  /** One sentence for people, without a full stop. */
  readonly help: string
  /** @defaultValue none */
  readonly labels?: L
}

/** A counter's declaration. */
export interface CounterDefinition<L extends LabelSpec = LabelSpec> {
  readonly kind: 'counter'
  readonly name: string
  readonly help: string
  readonly labels: L
}
/** A gauge's declaration. */
export interface GaugeDefinition<L extends LabelSpec = LabelSpec> {
  readonly kind: 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: L
}
/** A histogram's declaration. */
export interface HistogramDefinition<L extends LabelSpec = LabelSpec> {
  readonly kind: 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: L
  /** Upper bounds, strictly rising, finite; `+Inf` is implied. */
  readonly buckets: readonly number[]
}
/** Any declaration. */
export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition
/** Declarations by the property they become. */
export type MetricCatalog = Readonly<Record<string, MetricDefinition>>

/** Bounds in seconds that have an edge at every threshold of the standard (0.5 s, 2 s). */
export const DURATION_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]

const METRIC_NAME = /^[a-z][a-z0-9_]*$/
const LABEL_NAME = /^[a-z][a-z0-9_]*$/

/** Declares a counter; its name ends in `_total`. @throws TypeError for a name or label outside the grammar. */
export function counter<const L extends LabelSpec = Record<never, never>>(
  name: string,
  options: MetricOptions<L>,
): CounterDefinition<L> {
  assertNames(name, options)
  if (!name.endsWith('_total'))
    throw new TypeError(`Cannot declare counter ${name}: expected a name that ends in _total`)
  return { kind: 'counter', name, help: options.help, labels: options.labels ?? ({} as L) }
}

/** Declares a gauge. @throws TypeError for a name or label outside the grammar. */
export function gauge<const L extends LabelSpec = Record<never, never>>(
  name: string,
  options: MetricOptions<L>,
): GaugeDefinition<L> {
  assertNames(name, options)
  return { kind: 'gauge', name, help: options.help, labels: options.labels ?? ({} as L) }
}

/** Declares a histogram. @throws TypeError for a name outside the grammar or bounds that do not rise. */
export function histogram<const L extends LabelSpec = Record<never, never>>(
  name: string,
  options: MetricOptions<L> & { readonly buckets?: readonly number[] },
): HistogramDefinition<L> {
  assertNames(name, options)
  const buckets = options.buckets ?? DURATION_BUCKETS
  const rises = buckets.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (buckets[i - 1] as number)))
  if (buckets.length === 0 || !rises) {
    throw new TypeError(`Cannot declare histogram ${name}: buckets are [${buckets}], expected finite bounds that rise`)
  }
  return { kind: 'histogram', name, help: options.help, labels: options.labels ?? ({} as L), buckets }
}

/** Returns the catalogue after checking that no name is declared twice. @throws TypeError naming the second one. */
export function defineMetrics<const C extends MetricCatalog>(catalog: C): C {
  const seen = new Set<string>()
  for (const { name } of Object.values(catalog)) {
    if (seen.has(name))
      throw new TypeError(`Cannot declare metric ${name}: declared twice, expected one declaration a name`)
    seen.add(name)
  }
  return catalog
}

function assertNames(name: string, options: MetricOptions<LabelSpec>): void {
  if (!METRIC_NAME.test(name))
    throw new TypeError(`Cannot declare metric ${JSON.stringify(name)}: expected ${METRIC_NAME}`)
  for (const label of Object.keys(options.labels ?? {})) {
    if (!LABEL_NAME.test(label) || label === 'le') {
      throw new TypeError(
        `Cannot declare metric ${name}: label ${JSON.stringify(label)}, expected ${LABEL_NAME} and not le`,
      )
    }
  }
}
