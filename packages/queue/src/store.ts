/** One queue's keys and its BullMQ queue, made on first use, shared by producer, worker and dead letters. */
import type { Clock } from '@ops/core'
import { isOpsError } from '@ops/core'
import { Queue as BullQueue } from 'bullmq'
import { type Cipher, Secrecy } from './cipher.ts'
import { assertNoEviction, connected, type RedisClient, within } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { QueueUnavailableError } from './errors.ts'

const ANSWER_MS = 5_000

/** Prefix of all keys of queue `name`; a hash tag, so that they share a slot of a Cluster. */
export function prefixOf(name: string): string {
  return `{ops:${name}}`
}

/** Access to one queue in Redis, bounded in time. */
export class Store {
  readonly name: string
  readonly redis: RedisClient
  readonly clock: Clock
  readonly secrecy: Secrecy
  /** Names of the baggage entries that travel. */
  readonly baggage: readonly string[]
  readonly #deadlines: Deadlines
  #bull: BullQueue | undefined
  #opening: Promise<BullQueue> | undefined

  constructor(
    name: string,
    redis: RedisClient,
    {
      clock,
      cipher,
      baggage = [],
    }: { clock: Clock; cipher?: Cipher | undefined; baggage?: readonly string[] | undefined },
  ) {
    this.name = name
    this.redis = redis
    this.clock = clock
    this.secrecy = new Secrecy(name, cipher)
    this.baggage = baggage
    this.#deadlines = new Deadlines(clock)
  }

  /** A key of this queue. */
  key(suffix: string): string {
    return `${prefixOf(this.name)}:${this.name}:${suffix}`
  }

  /** Runs `work` against Redis. @throws QueueUnavailableError, QueueEvictingError */
  async use<T>(work: (bull: BullQueue) => Promise<T>): Promise<T> {
    try {
      const bull = this.#bull ?? (await within(this.#open(), this.name, { deadlines: this.#deadlines, ms: ANSWER_MS }))
      return await within(work(bull), this.name, { deadlines: this.#deadlines, ms: ANSWER_MS })
    } catch (error) {
      if (isOpsError(error)) throw error
      throw new QueueUnavailableError(this.name, error)
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening
    const bull = this.#bull
    this.#opening = undefined
    this.#bull = undefined
    await (bull ?? (await opening?.catch(() => undefined)))?.close()
  }

  #open(): Promise<BullQueue> {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #connect(): Promise<BullQueue> {
    await connected(this.redis)
    await assertNoEviction(this.redis, this.name)
    const bull = new BullQueue(this.name, { connection: this.redis as never, prefix: prefixOf(this.name) })
    // Each operation reports its own failure; the event would end the process.
    bull.on('error', () => {})
    await bull.waitUntilReady()
    this.#bull = bull
    return bull
  }
}
