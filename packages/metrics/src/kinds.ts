/** How each kind of metric is put together: family, series and instrument. */
import type { Clock, CounterDefinition, GaugeDefinition, HistogramDefinition, MetricDefinition } from '@ops/core'
import type { Slot } from './arena.ts'
import { ExemplarSampler } from './exemplars.ts'
import { Family } from './family.ts'
import { CounterInstrument, GaugeInstrument, HistogramInstrument } from './instruments.ts'
import type { LabelValues } from './label-values.ts'
import type { RecordErrors } from './record-errors.ts'
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts'
import type { SeriesStore } from './series-store.ts'

/** What the registry, and so every kind, is created with. */
export interface RegistryOptions {
  readonly maxSeriesPerMetric: number
  readonly maxValuesPerLabel: number
  /** Histograms take candidates from the start. */
  readonly exemplars: boolean
  readonly clock: Clock
  readonly errors: RecordErrors
  /** A recording of `metric` was folded because of `label`. */
  readonly onOverflow: (metric: string, label: string) => void
}

/** What every kind is made of. */
export interface KindParts {
  readonly store: SeriesStore
  readonly options: RegistryOptions
}

/** A metric that can be recorded. */
export interface Recorded {
  readonly labels: LabelValues
  readonly instrument: CounterInstrument | GaugeInstrument | HistogramInstrument
  /** Present for histograms. */
  readonly sampler?: ExemplarSampler
}

/** Puts a metric together and makes its declared series; gauges have none before they are set. */
export function createKind(definition: MetricDefinition, parts: KindParts): Recorded {
  const id = parts.store.addFamily(definition)
  if (definition.kind === 'counter') return createCounter(id, definition, parts)
  return definition.kind === 'gauge' ? createGauge(id, definition, parts) : createHistogram(id, definition, parts)
}

function createCounter(id: number, definition: CounterDefinition, parts: KindParts): Recorded {
  const make = (slot: Slot) => new CounterSeries(slot, parts.options.errors)
  const family = createFamily({ id, definition, width: 1, make }, parts)
  family.initialise(definition.labels)
  return { labels: family.labels, instrument: new CounterInstrument(family) }
}

function createGauge(id: number, definition: GaugeDefinition, parts: KindParts): Recorded {
  const make = (slot: Slot) => new GaugeSeries(slot, parts.options.errors)
  const family = createFamily({ id, definition, width: 1, make }, parts)
  return { labels: family.labels, instrument: new GaugeInstrument(family) }
}

function createHistogram(id: number, definition: HistogramDefinition, parts: KindParts): Recorded {
  const { errors, clock, exemplars } = parts.options
  const bounds = Float64Array.from(definition.buckets)
  const buckets = bounds.length + 1
  const sampler = new ExemplarSampler({
    clock,
    buckets,
    allocate: (series) => parts.store.addExemplars(id, series.at, buckets),
  })
  if (exemplars) sampler.tick()
  const make = (slot: Slot) => new HistogramSeries(slot, bounds, sampler, errors)
  const family = createFamily({ id, definition, width: buckets + 1, make }, parts)
  family.initialise(definition.labels)
  return { labels: family.labels, instrument: new HistogramInstrument(family), sampler }
}

interface FamilyParts<S> {
  readonly id: number
  readonly definition: MetricDefinition
  /** Numbers a series has. */
  readonly width: number
  readonly make: (slot: Slot) => S
}

function createFamily<S extends CounterSeries | GaugeSeries | HistogramSeries>(
  { id, definition, width, make }: FamilyParts<S>,
  { store, options }: KindParts,
): Family<S> {
  const limits = { maxSeries: options.maxSeriesPerMetric, maxValuesPerLabel: options.maxValuesPerLabel }
  return new Family<S>(definition.labels, limits, {
    create(labelValues) {
      const slot = store.add(id, labelValues, width)
      return slot === undefined ? undefined : make(slot)
    },
    destroy(series) {
      store.remove(id, series.at)
      if (series instanceof GaugeSeries) series.detach()
    },
    overflowed: (label) => options.onOverflow(definition.name, label),
    refused: (reason) => options.errors.count(reason),
  })
}
