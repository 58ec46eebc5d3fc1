/** Reads one thread's metrics from its shared memory, in that thread or in any other, whatever its owner is doing. */
import type { SharedMetrics } from './arena.ts'
import type { ExpositionSource } from './exposition.ts'
import { FamilyView } from './family-view.ts'
import { COMMITTED, GENERATION, HEADER_BYTES, type LogEntry } from './series-log.ts'

export class MetricsReader implements ExpositionSource {
  readonly #shared: SharedMetrics
  readonly #header: Int32Array
  #families: FamilyView[] = []
  #values: Float64Array = new Float64Array(0)
  #generation = 0
  #read = 0

  constructor(shared: SharedMetrics) {
    this.#shared = shared
    this.#header = new Int32Array(shared.log, 0, HEADER_BYTES / 4)
  }

  /** All metrics, as of the last {@link MetricsReader.catchUp}. */
  get families(): readonly FamilyView[] {
    return this.#families
  }

  /** Reads what was added since the last call. */
  catchUp(): void {
    const generation = Atomics.load(this.#header, GENERATION)
    // Odd: its owner is just rewriting the log. What was read before still holds.
    if (generation % 2 === 0) this.#readLog(generation)
  }

  /** The numbers; look them up anew for each exposition, as the memory grows. */
  get values(): Float64Array {
    const { values } = this.#shared
    if (this.#values.byteLength !== values.byteLength) this.#values = new Float64Array(values, 0, values.byteLength / 8)
    return this.#values
  }

  #readLog(generation: number): void {
    const rewritten = generation !== this.#generation
    const from = rewritten ? 0 : this.#read
    const committed = Atomics.load(this.#header, COMMITTED)
    const text = Buffer.from(new Uint8Array(this.#shared.log, HEADER_BYTES + from, committed - from).slice()).toString()
    // Rewritten meanwhile: the copy may be a mixture. The next exposition reads it all.
    if (Atomics.load(this.#header, GENERATION) !== generation) return
    if (rewritten) this.#families = []
    this.#generation = generation
    this.#read = committed
    for (const line of text.split('\n')) if (line !== '') this.#apply(JSON.parse(line) as LogEntry)
  }

  #apply(entry: LogEntry): void {
    if (entry[0] === 'family') {
      this.#families[entry[1]] = new FamilyView(entry[2])
      return
    }
    const family = this.#families[entry[1]] as FamilyView
    if (entry[0] === 'series') family.add(entry[2], entry[3])
    else if (entry[0] === 'exemplars') family.exemplarsAt.set(entry[2], entry[3])
    else family.remove(entry[2])
  }
}
