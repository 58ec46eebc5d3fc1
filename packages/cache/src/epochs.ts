const STRIPES = 4096

/**
 * Fences for the in-process tier: whoever wants to keep a value remembers the epoch of its key before it asks Redis, and
 * keeps the value only if the epoch is still the same. Keys share stripes, so a fence may refuse too much, never too little.
 */
export class Epochs {
  readonly #stripes = new Float64Array(STRIPES)
  #all = 0

  /** The epoch of a key by its hash. */
  of(hash: number): number {
    return (this.#stripes[hash % STRIPES] as number) + this.#all
  }

  /** Refuses everything that was read for this key until now. */
  advance(hash: number): void {
    ;(this.#stripes[hash % STRIPES] as number)++
  }

  /** Refuses everything that was read until now. */
  advanceAll(): void {
    this.#all++
  }
}
