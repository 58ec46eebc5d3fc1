/** Characters gathered before they are written: short enough to stay out of the heap's large objects. */
const PIECE_LENGTH = 4096

/** UTF-8 that is written over and over into the same memory: a scrape of a large exposition leaves little to collect. */
export class TextBuffer {
  #memory: Buffer = Buffer.allocUnsafeSlow(PIECE_LENGTH)
  #length = 0
  #pending = ''

  /** Starts anew. */
  clear(): void {
    this.#length = 0
  }

  append(text: string): void {
    this.#pending += text
    if (this.#pending.length > PIECE_LENGTH) this.#flush()
  }

  /** What was written since it was cleared; valid until it is cleared. */
  get bytes(): Buffer {
    this.#flush()
    return this.#memory.subarray(0, this.#length)
  }

  #flush(): void {
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(this.#length + this.#pending.length * 3)
    this.#length += this.#memory.write(this.#pending, this.#length)
    this.#pending = ''
  }

  #reserve(length: number): void {
    if (length <= this.#memory.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#memory.length * 2))
    this.#memory.copy(larger, 0, 0, this.#length)
    this.#memory = larger
  }
}
