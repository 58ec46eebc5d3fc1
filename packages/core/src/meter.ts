/** The metrics port: instruments made from declarations. */
import type {
  CounterDefinition,
  GaugeDefinition,
  HistogramDefinition,
  LabelSpec,
  LabelsOf,
  MetricCatalog,
} from './metric.ts'
import type { WorkContext } from './work-context.ts'

/** One series of a counter. */
export interface BoundCounter {
  /** Adds `by` (finite, >= 0). @defaultValue 1 */
  inc(by?: number): void
}
/** One series of a gauge. */
export interface BoundGauge {
  set(value: number): void
  /** Adds `by`, which may be negative. @defaultValue 1 */
  inc(by?: number): void
}
/** One series of a histogram. */
export interface BoundHistogram {
  /** Records `value`, in the name of `unit`, which an exemplar may point to. @defaultValue the running unit of work */
  observe(value: number, unit?: WorkContext): void
}
/** Recording never throws: bad values and labels are counted instead. */
export interface Counter<L extends LabelSpec = LabelSpec> {
  inc(labels?: LabelsOf<L>, by?: number): void
  bind(labels: LabelsOf<L>): BoundCounter
}
/** @see Counter */
export interface Gauge<L extends LabelSpec = LabelSpec> {
  set(labels: LabelsOf<L>, value: number): void
  inc(labels?: LabelsOf<L>, by?: number): void
  bind(labels: LabelsOf<L>): BoundGauge
  /** Forgets a series, when what it described has gone. */
  remove(labels: LabelsOf<L>): void
}
/** @see Counter */
export interface Histogram<L extends LabelSpec = LabelSpec> {
  observe(labels: LabelsOf<L>, value: number): void
  bind(labels: LabelsOf<L>): BoundHistogram
}
/** The instruments of a catalogue, under the same properties. */
export type Instruments<C extends MetricCatalog> = {
  readonly [K in keyof C]: C[K] extends CounterDefinition<infer L>
    ? Counter<L>
    : C[K] extends GaugeDefinition<infer L>
      ? Gauge<L>
      : C[K] extends HistogramDefinition<infer L>
        ? Histogram<L>
        : never
}

/** Where packages record. The same declaration registered twice gives the same series. */
export interface Meter {
  instruments<C extends MetricCatalog>(catalog: C): Instruments<C>
  /** Calls `collect` before each exposition, to copy plain fields into instruments; `name` tells its failures apart. Returns how to stop. */
  onCollect(collect: () => void | Promise<void>, options?: { readonly name?: string }): () => void
  /** Gives values of a metric's open labels places of their own, which no flood of other values can take. Absent where nothing is capped. */
  reserve?(metric: string, values: Readonly<Record<string, readonly string[]>>): void
}

const nothing = { inc() {}, set() {}, observe() {}, remove() {}, bind: () => nothing }

/** Records nothing: the default where no meter is given. */
export const noopMeter: Meter = {
  instruments: (catalog) => Object.fromEntries(Object.keys(catalog).map((key) => [key, nothing])) as never,
  onCollect: () => () => {},
}
