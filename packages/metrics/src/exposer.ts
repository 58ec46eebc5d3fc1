import type { SharedMetrics } from './arena.ts'
import { renderExposition } from './exposition.ts'
import type { ExpositionFormat } from './negotiate.ts'
import { type OutsideMetrics, SourceReader } from './sources.ts'

/** Makes expositions one after another: what a second one reads anew must not change the first half-way. */
export class Exposer {
  readonly #sources: SourceReader
  #last: Promise<unknown> = Promise.resolve()

  constructor(shared: SharedMetrics) {
    this.#sources = new SourceReader(shared)
  }

  /** The pieces of an exposition of what there is when its turn comes. */
  render(outside: OutsideMetrics, format: ExpositionFormat): Promise<Buffer[]> {
    const run = this.#last.then(() => renderExposition(this.#sources.read(outside), outside.foreign, format))
    this.#last = run.catch(() => {})
    return run
  }
}
