/** Everything an exposition is made of: the thread's own metrics, those of others, and foreign ones. */
import type { SharedMetrics } from './arena.ts'
import type { ExpositionSource } from './exposition.ts'
import type { ForeignFamily } from './foreign.ts'
import { mergeSnapshots } from './merge.ts'
import { MetricsReader } from './reader.ts'
import { type FamilySnapshot, takeSnapshot } from './snapshot.ts'

/** What comes from outside the thread that owns the metrics. Plain data and shared memory: it crosses to a worker. */
export interface OutsideMetrics {
  readonly foreign: readonly ForeignFamily[]
  readonly threads: readonly { readonly id: number; readonly shared: SharedMetrics }[]
  readonly snapshots: readonly (readonly FamilySnapshot[])[]
}

/** Nothing from outside. */
export const NOTHING_OUTSIDE: OutsideMetrics = { foreign: [], threads: [], snapshots: [] }

/** Reads one set of metrics over and over. */
export class SourceReader {
  readonly #own: MetricsReader
  readonly #threads = new Map<number, MetricsReader>()

  constructor(shared: SharedMetrics) {
    this.#own = new MetricsReader(shared)
  }

  /** The present source. Alone it is read in place; with others it is summed up. */
  read({ threads, snapshots }: OutsideMetrics = NOTHING_OUTSIDE): ExpositionSource {
    const own = this.#own
    own.catchUp()
    if (threads.length === 0 && snapshots.length === 0) return own
    const known = new Set(threads.map((thread) => thread.id))
    for (const id of this.#threads.keys()) if (!known.has(id)) this.#threads.delete(id)
    const others = threads.map(({ id, shared }) => takeSnapshot(this.#thread(id, shared)))
    return mergeSnapshots([takeSnapshot(own), ...others, ...snapshots])
  }

  #thread(id: number, shared: SharedMetrics): MetricsReader {
    let reader = this.#threads.get(id)
    if (reader === undefined) this.#threads.set(id, (reader = new MetricsReader(shared)))
    reader.catchUp()
    return reader
  }
}
