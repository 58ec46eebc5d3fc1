/** The text beside the values: which metrics and series exist and where their numbers lie, as lines of JSON in shared memory. */
import type { MetricDefinition } from '@ops/core'
import { createGrowable, growTo } from './arena.ts'

/** Positions in the log's header of 32-bit integers. */
export const GENERATION = 0
export const COMMITTED = 1
/** Where the lines begin. */
export const HEADER_BYTES = 16

/** What a family is to a reader. */
export interface FamilyHeader {
  readonly name: string
  readonly kind: MetricDefinition['kind']
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets: readonly number[]
}

/** A line of the log: a family, a series of one, the place of its exemplars, or its end. */
export type LogEntry =
  | readonly ['family', family: number, header: FamilyHeader]
  | readonly ['series', family: number, at: number, labelValues: readonly string[]]
  | readonly ['exemplars', family: number, at: number, exemplarsAt: number]
  | readonly ['removed', family: number, at: number]

/**
 * Appends entries; readers see them as soon as `append` returns.
 * A rewrite is framed by an odd generation, by which a reader in another thread knows to read again.
 */
export class SeriesLog {
  readonly buffer: SharedArrayBuffer = createGrowable()
  readonly #header = new Int32Array(this.buffer, 0, HEADER_BYTES / 4)
  #bytes = new Uint8Array(this.buffer, 0, this.buffer.byteLength)
  #end = HEADER_BYTES

  /** False when the log is full. */
  append(entry: LogEntry): boolean {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    if (!growTo(this.buffer, this.#end + line.length)) return false
    if (this.buffer.byteLength > this.#bytes.length) {
      this.#bytes = new Uint8Array(this.buffer, 0, this.buffer.byteLength)
    }
    this.#bytes.set(line, this.#end)
    this.#end += line.length
    Atomics.store(this.#header, COMMITTED, this.#end - HEADER_BYTES)
    return true
  }

  /** Replaces all lines, when most of them are of series that have gone. */
  rewrite(entries: Iterable<LogEntry>): void {
    Atomics.add(this.#header, GENERATION, 1)
    this.#end = HEADER_BYTES
    Atomics.store(this.#header, COMMITTED, 0)
    for (const entry of entries) this.append(entry)
    Atomics.add(this.#header, GENERATION, 1)
  }
}
