import { Redis } from 'ioredis'
import type { RedisClient } from './connection.ts'

/** Writes what one turn of the event loop sends in one piece: a write to a socket costs about as much as a job. */
export class Outlet {
  readonly #redis: RedisClient
  #holding = false

  constructor(redis: RedisClient) {
    this.#redis = redis
  }

  /** Holds writes back until all that is ready to run in this turn has run. */
  hold(): void {
    if (this.#holding || !(this.#redis instanceof Redis)) return
    const { stream } = this.#redis
    if (stream === undefined) return
    this.#holding = true
    stream.cork()
    // Comes after all promises that are settled by now.
    process.nextTick(() => {
      this.#holding = false
      stream.uncork()
    })
  }
}
