/**
 * Shares loads by key without a lease: a caller joins only a load that has not begun, so that what it gets was read from the
 * source after it asked. For each key at most one load runs and one waits for it to end.
 */
export class NextLoad<V> {
  readonly #running = new Map<string, Promise<V>>()
  readonly #waiting = new Map<string, Promise<V>>()

  /** The outcome of a load of `key` that begins now or later. */
  run(key: string, load: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key)
    if (running === undefined) return this.#begin(key, load)
    let next = this.#waiting.get(key)
    if (next === undefined) {
      const begin = (): Promise<V> => {
        this.#waiting.delete(key)
        return this.#begin(key, load)
      }
      next = running.then(begin, begin)
      this.#waiting.set(key, next)
    }
    return next
  }

  #begin(key: string, load: () => Promise<V>): Promise<V> {
    const running = load()
    const done = (): void => {
      this.#running.delete(key)
    }
    this.#running.set(key, running)
    // First in line, so that whoever waits finds the place free.
    running.then(done, done)
    return running
  }
}
