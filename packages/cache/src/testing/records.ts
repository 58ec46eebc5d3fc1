/** Reads and completed invalidations of a node, kept flat, because a run has millions. */

const WIDTH = 3
const CHUNK = WIDTH * 2 ** 16

/** Triples of (microseconds, key, version). */
export class Records {
  readonly #chunks: Float64Array[] = []
  #at = CHUNK
  length = 0

  add(micros: number, key: number, version: number): void {
    if (this.#at === CHUNK) {
      this.#chunks.push(new Float64Array(CHUNK))
      this.#at = 0
    }
    const chunk = this.#chunks.at(-1) as Float64Array
    chunk[this.#at++] = micros
    chunk[this.#at++] = key
    chunk[this.#at++] = version
    this.length++
  }

  toBuffer(): Buffer {
    const all = this.#chunks.map((chunk) => Buffer.from(chunk.buffer))
    return Buffer.concat(all).subarray(0, this.length * WIDTH * 8)
  }
}

/** Reads what {@link Records.toBuffer} wrote. */
export function* readRecords(bytes: Buffer): Generator<readonly [micros: number, key: number, version: number]> {
  for (let at = 0; at + WIDTH * 8 <= bytes.length; at += WIDTH * 8) {
    yield [bytes.readDoubleLE(at), bytes.readDoubleLE(at + 8), bytes.readDoubleLE(at + 16)]
  }
}
