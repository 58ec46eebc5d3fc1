/** The dead letters of one queue: where they are kept, and how they come back. */
import type { DeadLetter } from './dead-letter.ts'
import { type DeadLetterFilter, type DeadLetterGroup, groupLetters, matches } from './letter-filter.ts'
import type { Store } from './store.ts'

/** How letters are discarded. */
export interface DiscardOptions {
  /** Called after each letter. */
  readonly onProgress?: (progress: { readonly done: number }) => void
  /** Ends it after the letter at hand. @defaultValue never */
  readonly signal?: AbortSignal
}

const PAGE = 500

/** Reads and writes dead letter records. */
export class DeadLetterStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  get #records(): string {
    return this.#store.key('ops-dead')
  }
  get #order(): string {
    return this.#store.key('ops-dead-at')
  }

  async count(filter: DeadLetterFilter = {}): Promise<number> {
    if (Object.values(filter).every((part) => part === undefined))
      return this.#store.use(() => this.#store.redis.hlen(this.#records))
    let count = 0
    for await (const _ of this.scan(filter)) count++
    return count
  }

  async show(id: string): Promise<DeadLetter | undefined> {
    const text = await this.#store.use(() => this.#store.redis.hget(this.#records, id))
    return text === null ? undefined : (JSON.parse(text) as DeadLetter)
  }

  /** Newest first. */
  async list({ limit = 100, ...filter }: DeadLetterFilter & { readonly limit?: number } = {}): Promise<DeadLetter[]> {
    const found: DeadLetter[] = []
    for await (const letter of this.scan(filter)) {
      found.push(letter)
      if (found.length >= limit) break
    }
    return found
  }

  /** All that match, newest first, page by page. */
  async *scan(filter: DeadLetterFilter = {}): AsyncGenerator<DeadLetter> {
    const ids = await this.#store.use(() => this.#store.redis.zrevrange(this.#order, 0, -1))
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE)
      const texts = await this.#store.use(() => this.#store.redis.hmget(this.#records, ...page))
      for (const text of texts) {
        if (text === null) continue
        const letter = JSON.parse(text) as DeadLetter
        if (matches(letter, filter)) yield letter
      }
    }
  }

  groups(): Promise<DeadLetterGroup[]> {
    return groupLetters(this.scan())
  }

  async discard(filter: DeadLetterFilter, { onProgress, signal }: DiscardOptions = {}): Promise<number> {
    let count = 0
    for await (const { id } of this.scan(filter)) {
      if (signal?.aborted === true) break
      if (!(await this.remove(id))) continue
      count++
      onProgress?.({ done: count })
    }
    return count
  }

  /** Forgets one letter and its failed job. */
  async remove(id: string): Promise<boolean> {
    return this.#store.use(async (bull) => {
      await bull.remove(id)
      const { redis } = this.#store
      await redis.zrem(this.#order, id)
      return (await redis.hdel(this.#records, id)) === 1
    })
  }
}
