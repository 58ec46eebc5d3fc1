import type { Clock } from '@ops/core'

/**
 * Monotonic time that is read once a millisecond at most: a hit in this process then pays no clock. It may lag behind by one
 * millisecond, or by the present turn of the event loop where that takes longer; messages do not arrive within a turn either.
 */
export class CoarseClock {
  readonly #clock: Clock
  #cached = -1
  readonly #expire = (): void => {
    this.#cached = -1
  }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds as of {@link Clock.monotonic}. */
  now(): number {
    if (this.#cached >= 0) return this.#cached
    const now = this.#clock.monotonic()
    this.#cached = now
    this.#clock.setTimeout(this.#expire, 1)
    return now
  }
}
