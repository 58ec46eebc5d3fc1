import type { SharedMetrics } from './arena.ts'
import { joinText, renderExposition } from './exposition.ts'
import type { ExpositionFormat } from './negotiate.ts'
import { type OutsideMetrics, SourceReader } from './sources.ts'

/** Makes expositions one after another: each reads anew, and writes over, what the one before was made of. */
export class Exposer {
  readonly #sources: SourceReader
  #last: Promise<unknown> = Promise.resolve()

  constructor(shared: SharedMetrics) {
    this.#sources = new SourceReader(shared)
  }

  /** The exposition of what there is when its turn comes, in UTF-8. */
  bytes(outside: OutsideMetrics, format: ExpositionFormat): Promise<Buffer> {
    return this.#inTurn(async () => Buffer.concat(await this.#render(outside, format)))
  }

  /** The same as a string. */
  text(outside: OutsideMetrics, format: ExpositionFormat): Promise<string> {
    return this.#inTurn(async () => joinText(await this.#render(outside, format)))
  }

  #render(outside: OutsideMetrics, format: ExpositionFormat): Promise<Buffer[]> {
    return renderExposition(this.#sources.read(outside), outside.foreign, format)
  }

  #inTurn<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#last.then(make)
    this.#last = made.catch(() => {})
    return made
  }
}
