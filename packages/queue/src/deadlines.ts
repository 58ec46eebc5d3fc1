import type { Clock, Timer } from '@ops/core'

interface Entry {
  readonly at: number
  readonly fire: () => void
}

const TICK_MS = 50

/** Deadlines of all attempts on one timer, which runs only while there are any; each fires at most 50 ms late. */
export class Deadlines {
  readonly #entries = new Set<Entry>()
  readonly #clock: Clock
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `fire` once, `delayMs` from now. Returns how to cancel. */
  add(delayMs: number, fire: () => void): () => void {
    const entry = { at: this.#clock.monotonic() + delayMs, fire }
    this.#entries.add(entry)
    this.#timer ??= this.#clock.setInterval(() => this.#tick(), TICK_MS)
    return () => this.#remove(entry)
  }

  #tick(): void {
    const now = this.#clock.monotonic()
    for (const entry of this.#entries) {
      if (entry.at > now) continue
      this.#remove(entry)
      entry.fire()
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    if (this.#entries.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
