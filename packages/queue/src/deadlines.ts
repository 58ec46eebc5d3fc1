import type { Clock, Timer } from '@ops/core'

interface Entry {
  readonly at: number
  readonly fire: () => void
}

const TICK_MS = 50

/** Deadlines of all attempts on one timer, which stops with the first tick that finds none; each fires at most 50 ms late. */
export class Deadlines {
  readonly #entries = new Set<Entry>()
  readonly #clock: Clock
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `fire` once, `delayMs` from now. Returns how to cancel. */
  add(delayMs: number, fire: () => void): () => unknown {
    const entry = { at: this.#clock.monotonic() + delayMs, fire }
    this.#entries.add(entry)
    this.#timer ??= this.#clock.setInterval(() => this.#tick(), TICK_MS)
    return () => this.#entries.delete(entry)
  }

  #tick(): void {
    // Not when the last is taken away: the next is nearly always there before the tick.
    if (this.#entries.size === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
    }
    const now = this.#clock.monotonic()
    for (const entry of this.#entries) {
      if (entry.at > now) continue
      this.#entries.delete(entry)
      entry.fire()
    }
  }
}
