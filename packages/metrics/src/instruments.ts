/** The instruments callers hold: they find the series of a label set and record there. */
import type {
  BoundCounter,
  BoundGauge,
  BoundHistogram,
  Counter,
  Gauge,
  Histogram,
  LabelSpec,
  LabelsOf,
} from '@ops/core'
import type { Family } from './family.ts'
import type { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts'

/** What `bind` gives for labels that may not be recorded. */
const nothing: BoundCounter & BoundGauge & BoundHistogram = { inc() {}, set() {}, observe() {} }

export class CounterInstrument implements Counter {
  readonly #family: Family<CounterSeries>

  constructor(family: Family<CounterSeries>) {
    this.#family = family
  }
  inc(labels?: LabelsOf<LabelSpec>, by?: number): void {
    this.#family.find(labels)?.inc(by)
  }
  bind(labels: LabelsOf<LabelSpec>): BoundCounter {
    return this.#family.find(labels) ?? nothing
  }
}

export class GaugeInstrument implements Gauge {
  readonly #family: Family<GaugeSeries>

  constructor(family: Family<GaugeSeries>) {
    this.#family = family
  }
  set(labels: LabelsOf<LabelSpec>, value: number): void {
    this.#family.find(labels)?.set(value)
  }
  inc(labels?: LabelsOf<LabelSpec>, by?: number): void {
    this.#family.find(labels)?.inc(by)
  }
  bind(labels: LabelsOf<LabelSpec>): BoundGauge {
    return this.#family.find(labels) ?? nothing
  }
  remove(labels: LabelsOf<LabelSpec>): void {
    this.#family.remove(labels)
  }
}

export class HistogramInstrument implements Histogram {
  readonly #family: Family<HistogramSeries>

  constructor(family: Family<HistogramSeries>) {
    this.#family = family
  }
  observe(labels: LabelsOf<LabelSpec>, value: number): void {
    this.#family.find(labels)?.observe(value)
  }
  bind(labels: LabelsOf<LabelSpec>): BoundHistogram {
    return this.#family.find(labels) ?? nothing
  }
}
