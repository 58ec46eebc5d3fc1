/**
 * Remembers the JSON of short texts that come back with every line (messages, routes, hosts) and were clean. A text is
 * kept only when seen twice in a row in its slot, and as a copy, so that passing values cost one integer and hold nothing alive.
 */

const SLOTS = 1024
const MIN_LENGTH = 6
const MAX_LENGTH = 96

/** A direct-mapped cache of fixed size. */
export class KnownText {
  readonly #texts: string[] = new Array<string>(SLOTS).fill('')
  readonly #jsons: string[] = new Array<string>(SLOTS).fill('')
  readonly #prints = new Int32Array(SLOTS)

  /** The JSON of `text`; undefined when it is not known. */
  get(text: string): string | undefined {
    const { length } = text
    if (length < MIN_LENGTH || length > MAX_LENGTH) return undefined
    const slot = print(text) & (SLOTS - 1)
    return this.#texts[slot] === text ? this.#jsons[slot] : undefined
  }

  /** Learns that `json` is the JSON of `text`. */
  learn(text: string, json: string): void {
    const { length } = text
    if (length < MIN_LENGTH || length > MAX_LENGTH) return
    const fingerprint = print(text)
    const slot = fingerprint & (SLOTS - 1)
    if (this.#prints[slot] !== fingerprint) {
      this.#prints[slot] = fingerprint
      return
    }
    this.#texts[slot] = JSON.parse(json) as string
    this.#jsons[slot] = json
  }

  /** Forgets everything: what was clean may hold a secret that was not known before. */
  clear(): void {
    this.#texts.fill('')
    this.#prints.fill(0)
  }
}

/** Mixes length and five characters: enough to tell the texts of one service apart. */
function print(text: string): number {
  const { length } = text
  let mixed = Math.imul(length, 0x9e3779b1) ^ text.charCodeAt(0)
  mixed = Math.imul(mixed, 31) ^ text.charCodeAt(length >> 2)
  mixed = Math.imul(mixed, 31) ^ text.charCodeAt(length >> 1)
  mixed = Math.imul(mixed, 31) ^ text.charCodeAt(length - 3)
  return Math.imul(mixed, 31) ^ text.charCodeAt(length - 1)
}
