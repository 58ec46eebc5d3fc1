/** Gives series their memory and says so in the log, for every reader of it. */
import type { MetricDefinition } from '@ops/core'
import { Arena, type SharedMetrics, type Slot } from './arena.ts'
import { EXEMPLAR_WIDTH } from './exemplars.ts'
import { type LogEntry, SeriesLog } from './series-log.ts'

/** Lines of removed series the log carries at least before it is written anew. */
const MIN_REMOVED = 4096

interface StoredFamily {
  readonly definition: MetricDefinition
  /** Label values by where the series' numbers lie. */
  readonly series: Map<number, readonly string[]>
  /** Where its exemplars lie by where its numbers do. */
  readonly exemplars: Map<number, number>
}

export class SeriesStore {
  readonly #arena = new Arena()
  readonly #log = new SeriesLog()
  readonly #families: StoredFamily[] = []
  #live = 0
  #removed = 0

  /** The memory to hand to readers. */
  get shared(): SharedMetrics {
    return { values: this.#arena.buffer, log: this.#log.buffer }
  }

  /** Announces a family; returns its number. */
  addFamily(definition: MetricDefinition): number {
    const family = this.#families.length
    this.#families.push({ definition, series: new Map(), exemplars: new Map() })
    this.#log.append(headerEntry(family, definition))
    return family
  }

  /** Memory for a series of `width` numbers, announced; undefined when there is none left. */
  add(family: number, labelValues: readonly string[], width: number): Slot | undefined {
    const slot = this.#arena.allocate(width)
    if (slot === undefined || !this.#log.append(['series', family, slot.at, labelValues])) return undefined
    this.#families[family]?.series.set(slot.at, labelValues)
    this.#live++
    return slot
  }

  /** Memory for the exemplars of the series at `at`. */
  addExemplars(family: number, at: number, buckets: number): Slot | undefined {
    const slot = this.#arena.allocate(buckets * EXEMPLAR_WIDTH)
    if (slot === undefined || !this.#log.append(['exemplars', family, at, slot.at])) return undefined
    this.#families[family]?.exemplars.set(at, slot.at)
    return slot
  }

  /** Takes back a series of one number. */
  remove(family: number, at: number): void {
    this.#families[family]?.series.delete(at)
    this.#live--
    this.#log.append(['removed', family, at])
    this.#arena.free(at)
    // As many as there are series: so a removal costs the same however many there are.
    if (++this.#removed <= Math.max(MIN_REMOVED, this.#live)) return
    this.#removed = 0
    this.#log.rewrite(this.#entries())
  }

  *#entries(): Generator<LogEntry> {
    for (const [family, { definition, series, exemplars }] of this.#families.entries()) {
      yield headerEntry(family, definition)
      for (const [at, labelValues] of series) yield ['series', family, at, labelValues]
      for (const [at, exemplarsAt] of exemplars) yield ['exemplars', family, at, exemplarsAt]
    }
  }
}

function headerEntry(family: number, definition: MetricDefinition): LogEntry {
  const { name, kind, help, labels } = definition
  const buckets = definition.kind === 'histogram' ? definition.buckets : []
  return ['family', family, { name, kind, help, labels: Object.keys(labels), buckets }]
}
