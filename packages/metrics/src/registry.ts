/** The metrics of one thread: declarations become instruments, series become numbers and text in shared memory. */
import type { Clock, Instruments, MetricCatalog, MetricDefinition } from '@ops/core'
import { Arena, type SharedMetrics, type Slot } from './arena.ts'
import { EXEMPLAR_WIDTH, ExemplarSampler } from './exemplars.ts'
import { Family, type FamilyHooks } from './family.ts'
import { CounterInstrument, GaugeInstrument, HistogramInstrument } from './instruments.ts'
import type { RecordErrors } from './record-errors.ts'
import { sampleNames } from './sample-names.ts'
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts'
import { type LogEntry, SeriesLog } from './series-log.ts'

/** What the registry is created with. */
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

interface Registered {
  readonly id: number
  readonly definition: MetricDefinition
  readonly family: Family<object>
  readonly instrument: CounterInstrument | GaugeInstrument | HistogramInstrument
  readonly series: Map<object & { readonly at: number }, readonly string[]>
}

/** Removed series the log may carry before it is written anew. */
const MAX_REMOVED = 4096

export class Registry {
  readonly #options: RegistryOptions
  readonly #arena = new Arena()
  readonly #log = new SeriesLog()
  readonly #byName = new Map<string, Registered>()
  readonly #sampleNames = new Map<string, string>()
  readonly #samplers: ExemplarSampler[] = []
  readonly #listeners = new Set<(definition: MetricDefinition) => void>()
  #removed = 0

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** The memory to hand to whoever exposes these metrics. */
  get shared(): SharedMetrics {
    return { values: this.#arena.buffer, log: this.#log.buffer }
  }
  /** All declarations so far. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#byName.values()].map((one) => one.definition)
  }

  /** Instruments of a catalogue; a declaration met before gives the same series. @throws TypeError for a conflicting one. */
  instruments<C extends MetricCatalog>(catalog: C): Instruments<C> {
    const entries = Object.entries(catalog).map(([key, definition]) => [key, this.#register(definition).instrument])
    return Object.fromEntries(entries) as Instruments<C>
  }

  /** Gives label values places of their own. @throws TypeError for a metric or label not declared. */
  reserve(metric: string, values: Readonly<Record<string, readonly string[]>>): void {
    const registered = this.#byName.get(metric)
    if (registered === undefined) throw new TypeError(`Cannot reserve values of ${metric}: expected a declared metric`)
    for (const [label, list] of Object.entries(values)) registered.family.labels.reserve(label, list)
  }

  /** Calls `listener` for each declaration made later. Returns how to stop. */
  onDefinition(listener: (definition: MetricDefinition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets every histogram take exemplar candidates again. */
  tickExemplars(): void {
    for (const sampler of this.#samplers) sampler.tick()
  }

  #register(definition: MetricDefinition): Registered {
    const known = this.#byName.get(definition.name)
    if (known !== undefined) {
      assertSame(known.definition, definition)
      return known
    }
    for (const name of sampleNames(definition)) {
      const owner = this.#sampleNames.get(name)
      if (owner !== undefined) {
        throw new TypeError(`Cannot register metric ${definition.name}: ${owner} has the sample name ${name} too`)
      }
    }
    for (const name of sampleNames(definition)) this.#sampleNames.set(name, definition.name)
    return this.#create(definition)
  }

  #create(definition: MetricDefinition): Registered {
    const id = this.#byName.size
    const series: Registered['series'] = new Map()
    const { family, instrument } = this.#kinds[definition.kind](id, definition, series)
    const registered: Registered = { id, definition, family, instrument, series }
    this.#byName.set(definition.name, registered)
    this.#log.append(headerEntry(registered))
    if (definition.kind !== 'gauge') family.initialise(definition.labels)
    for (const listener of this.#listeners) listener(definition)
    return registered
  }

  readonly #kinds = {
    counter: (id: number, definition: MetricDefinition, series: Registered['series']) => {
      const make = (slot: Slot) => new CounterSeries(slot, this.#options.errors)
      const family = this.#family(definition, this.#hooks(id, definition, series, 1, make))
      return { family, instrument: new CounterInstrument(family) }
    },
    gauge: (id: number, definition: MetricDefinition, series: Registered['series']) => {
      const make = (slot: Slot) => new GaugeSeries(slot, this.#options.errors)
      const family = this.#family(definition, this.#hooks(id, definition, series, 1, make))
      return { family, instrument: new GaugeInstrument(family) }
    },
    histogram: (id: number, definition: MetricDefinition, series: Registered['series']) => {
      const bounds = Float64Array.from(definition.kind === 'histogram' ? definition.buckets : [])
      const sampler = this.#sampler(id, bounds.length + 1)
      const make = (slot: Slot) => new HistogramSeries(slot, bounds, sampler, this.#options.errors)
      const family = this.#family(definition, this.#hooks(id, definition, series, bounds.length + 2, make))
      return { family, instrument: new HistogramInstrument(family) }
    },
  }

  #family<S extends object>(definition: MetricDefinition, hooks: FamilyHooks<S>): Family<S> {
    const { maxSeriesPerMetric: maxSeries, maxValuesPerLabel } = this.#options
    return new Family(definition.labels, { maxSeries, maxValuesPerLabel }, hooks)
  }

  #hooks<S extends CounterSeries | GaugeSeries | HistogramSeries>(
    id: number,
    definition: MetricDefinition,
    known: Registered['series'],
    width: number,
    make: (slot: Slot) => S,
  ): FamilyHooks<S> {
    return {
      create: (labelValues) => {
        const slot = this.#arena.allocate(width)
        if (slot === undefined) return undefined
        const series = make(slot)
        if (!this.#log.append(['series', id, slot.at, labelValues])) return undefined
        known.set(series, labelValues)
        return series
      },
      destroy: (series) => {
        const { at } = series
        known.delete(series)
        if (series instanceof GaugeSeries) series.detach()
        this.#log.append(['removed', id, at])
        this.#arena.free(at)
        if (++this.#removed > MAX_REMOVED) this.#rewriteLog()
      },
      overflowed: (label) => this.#options.onOverflow(definition.name, label),
      refused: (reason) => this.#options.errors.count(reason),
    }
  }

  #sampler(id: number, buckets: number): ExemplarSampler {
    const sampler = new ExemplarSampler({
      clock: this.#options.clock,
      buckets,
      allocate: (series) => {
        const slot = this.#arena.allocate(buckets * EXEMPLAR_WIDTH)
        if (slot === undefined || !this.#log.append(['exemplars', id, series.at, slot.at])) return undefined
        series.exemplarsAt = slot.at
        return slot
      },
    })
    if (this.#options.exemplars) sampler.tick()
    this.#samplers.push(sampler)
    return sampler
  }

  #rewriteLog(): void {
    this.#removed = 0
    this.#log.rewrite(this.#entries())
  }

  *#entries(): Generator<LogEntry> {
    for (const registered of this.#byName.values()) {
      yield headerEntry(registered)
      for (const [series, labelValues] of registered.series) {
        yield ['series', registered.id, series.at, labelValues]
        if (series instanceof HistogramSeries && series.exemplarsAt >= 0) {
          yield ['exemplars', registered.id, series.at, series.exemplarsAt]
        }
      }
    }
  }
}

function headerEntry({ id, definition }: Registered): LogEntry {
  const { name, kind, help, labels } = definition
  const buckets = definition.kind === 'histogram' ? definition.buckets : []
  return ['family', id, { name, kind, help, labels: Object.keys(labels), buckets }]
}

function assertSame(known: MetricDefinition, given: MetricDefinition): void {
  const shape = (one: MetricDefinition) =>
    JSON.stringify([one.kind, Object.entries(one.labels), one.kind === 'histogram' ? one.buckets : []])
  if (shape(known) !== shape(given)) {
    throw new TypeError(
      `Cannot register metric ${known.name}: declared as ${shape(known)} and as ${shape(given)}, expected the same`,
    )
  }
}
