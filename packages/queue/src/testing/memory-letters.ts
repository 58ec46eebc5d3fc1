/** The dead letters of a memory queue. */
import type { DeadLetter } from '../dead-letter.ts'
import type { DiscardOptions } from '../dead-letters.ts'
import { type DeadLetterFilter, type DeadLetterGroup, groupLetters, matches } from '../letter-filter.ts'
import type { LetterBox } from '../redrive.ts'

/** Keeps letters in the order in which their jobs died. */
export class MemoryLetters implements LetterBox {
  readonly #letters = new Map<string, DeadLetter>()
  readonly #forget: (id: string) => void

  /** `forget` is told the id of each letter that goes. */
  constructor(forget: (id: string) => void) {
    this.#forget = forget
  }

  get size(): number {
    return this.#letters.size
  }

  add(letter: DeadLetter): void {
    // As text, so that nobody changes it afterwards and nothing is kept that Redis could not keep.
    this.#letters.set(letter.id, JSON.parse(JSON.stringify(letter)) as DeadLetter)
  }

  async list({ limit = 100, ...filter }: DeadLetterFilter & { readonly limit?: number } = {}): Promise<DeadLetter[]> {
    return this.#matching(filter).slice(0, limit)
  }

  groups(): Promise<DeadLetterGroup[]> {
    return groupLetters(this.#matching({}))
  }

  async show(id: string): Promise<DeadLetter | undefined> {
    return this.#letters.get(id)
  }

  async count(filter: DeadLetterFilter = {}): Promise<number> {
    return this.#matching(filter).length
  }

  async discard(filter: DeadLetterFilter, { onProgress, signal }: DiscardOptions = {}): Promise<number> {
    let done = 0
    for (const { id } of this.#matching(filter)) {
      if (signal?.aborted === true) break
      await this.remove(id)
      done++
      onProgress?.({ done })
    }
    return done
  }

  async remove(id: string): Promise<boolean> {
    this.#forget(id)
    return this.#letters.delete(id)
  }

  /** Newest first. */
  #matching(filter: DeadLetterFilter): DeadLetter[] {
    return [...this.#letters.values()].reverse().filter((letter) => matches(letter, filter))
  }
}
