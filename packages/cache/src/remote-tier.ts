/** The tier in Redis: reads, leases, fills and invalidations, each bounded in time and judged against generation and tags. */
import { type Clock, createSpanId } from '@ops/core'
import { Breaker, RedisSilentError } from './breaker.ts'
import { type Entry, type EntryTail, entryToken, packTail, tryParseEntry } from './entry.ts'
import { createReadBatch, type RawRead, type ReadBatch, type ValueRef } from './read-batch.ts'
import type { RedisArgument, RedisLike } from './redis-client.ts'
import { observeOperation, type RedisOperation } from './redis-spans.ts'
import { ACQUIRE, FILL, INVALIDATE, RELEASE, runScript, type Script } from './scripts.ts'
import { createServerClock, type ServerClock } from './server-clock.ts'
import { leaseKey, type ShardKeys, tagKey } from './tenant-key.ts'

/** A read's outcome: a valid entry (perhaps no longer fresh), or nothing, with the token of what was found invalid. */
export type Found =
  | { readonly entry: Entry; readonly remainingMs: number }
  | { readonly entry: undefined; readonly seen: string }

/** Permission to load: what a fill has to show. */
export interface Lease {
  readonly token: string
  readonly generation: string
  readonly tagMark: string
}

/** An attempt to become the one who loads. */
export type Acquired =
  | { readonly state: 'granted'; readonly lease: Lease }
  | { readonly state: 'busy'; readonly holder: string }
  | { readonly state: 'found'; readonly found: Found }

/** Why a fill was refused. */
export type FillResult = 'written' | 'lease_lost' | 'purged' | 'tag_invalidated'

/** What a {@link RemoteTier} needs. */
export interface RemoteTierOptions {
  readonly redis: RedisLike
  readonly cache: string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly channel: string
  readonly onRecovered: () => void
  readonly onOpened: (error: unknown) => void
  readonly observe: (operation: RedisOperation, seconds: number, ok: boolean) => void
}

/** Tokens outlive what hangs on them by this much. */
const TOKEN_MARGIN_MS = 3_600_000
const FILL_RESULTS: Readonly<Record<number, FillResult>> = {
  1: 'written',
  [-1]: 'lease_lost',
  [-2]: 'purged',
  [-3]: 'tag_invalidated',
}

const textOf = (reply: unknown): string | null => (Buffer.isBuffer(reply) ? reply.toString('latin1') : null)

/** Every method throws RedisSilentError when Redis does not take part. */
export class RemoteTier {
  readonly serverClock: ServerClock
  readonly #options: RemoteTierOptions
  readonly #breaker: Breaker
  readonly #batch: ReadBatch

  constructor(options: RemoteTierOptions) {
    this.#options = options
    this.serverClock = createServerClock(options.clock)
    this.#breaker = new Breaker(options)
    this.#batch = createReadBatch((keys) => this.#mget(keys), options.redis.isCluster === true)
  }

  /** True while Redis is not asked, because it did not answer. */
  get isAway(): boolean {
    return this.#breaker.isOpen
  }

  /** Reads one value; all reads of one turn of the event loop share a round trip. */
  async read(ref: ValueRef, onSend: () => void): Promise<Found> {
    // A batch that will not be sent must not collect callers.
    if (this.isAway) throw new RedisSilentError('the breaker is open')
    return this.#judge(ref, await this.#batch.read(ref, onSend))
  }

  /** Tries to become the one who loads `ref`; `seen` is the token of the entry the caller already judged. */
  async acquire(ref: ValueRef, seen: string, leaseMs: number): Promise<Acquired> {
    const { shard, key } = ref
    const token = createSpanId()
    const keys = [key, leaseKey(shard, key), shard.generation, ...(ref.tagged ? [shard.tagMark] : [])]
    const judged = Buffer.from(seen, 'latin1')
    const reply = await this.script(ACQUIRE, keys, [judged, token, leaseMs, createSpanId(), leaseMs + TOKEN_MARGIN_MS])
    if (reply[0] === 0) return { state: 'busy', holder: textOf(reply[2]) ?? '' }
    const generation = textOf(reply[2])
    const tagMark = textOf(reply[3])
    if (reply[0] === 1)
      return { state: 'granted', lease: { token, generation: generation ?? '', tagMark: tagMark ?? '' } }
    const bytes = reply[4] as Buffer
    return { state: 'found', found: await this.#judge(ref, { bytes, generation, tagMark }) }
  }

  /** Writes what was loaded under `lease`, unless an invalidation has come between. */
  async fill(ref: ValueRef, lease: Lease, tail: EntryTail, keepMs: number): Promise<FillResult> {
    const { shard, key } = ref
    const tagKeys = tail.tags.length === 0 ? [] : [shard.tagMark, ...tail.tags.map((tag) => tagKey(shard, tag))]
    const keys = [key, leaseKey(shard, key), shard.generation, ...tagKeys]
    const keep = Math.max(1, Math.round(keepMs))
    const args = [
      lease.token,
      lease.generation,
      lease.tagMark,
      packTail(tail),
      keep,
      createSpanId(),
      keep + TOKEN_MARGIN_MS,
    ]
    const reply = await this.script(FILL, keys, args)
    return FILL_RESULTS[reply[0] as number] ?? 'lease_lost'
  }

  /** Gives a lease back. */
  async release(ref: ValueRef, lease: Lease): Promise<void> {
    await this.script(RELEASE, [leaseKey(ref.shard, ref.key)], [lease.token])
  }

  /** Deletes `keys`, which share a slot, and publishes `message`. */
  async invalidate(keys: readonly string[], message: string): Promise<void> {
    await this.script(INVALIDATE, keys, [this.#options.channel, message])
  }

  /** Runs any command or script under the same bounds. */
  async run<T>(operation: RedisOperation, command: (redis: RedisLike) => Promise<T>): Promise<T> {
    const { redis, clock, cache, observe } = this.#options
    return observeOperation({ operation, cache, clock, observe }, async () => {
      try {
        return await this.#breaker.run(() => command(redis))
      } catch (error) {
        // An error reply (READONLY, OOM, LOADING, CLUSTERDOWN) is no reason to stop asking, but no answer either.
        throw error instanceof RedisSilentError ? error : new RedisSilentError('Redis refused', { cause: error })
      }
    })
  }

  /** Runs a script of this package; its reply's second member sets the server clock. */
  async script(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown[]> {
    const reply = await this.run(script.name as RedisOperation, (redis) => runScript(redis, script, keys, args))
    this.serverClock.learn(reply[1] as number)
    return reply
  }

  /** The server's time by which a write that starts now is done or given up: a script refuses to run later. */
  async deadline(): Promise<number> {
    if (!this.serverClock.known) {
      this.#learnTime((await this.run('read', (redis) => redis.callBuffer('TIME'))) as Buffer[])
    }
    return Math.floor(this.serverClock.now() + this.#options.timeoutMs)
  }

  /** Stops probing; the client is its owner's. */
  close(): void {
    this.#breaker.close()
  }

  async #mget(keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
    return this.run('read', async (redis) => {
      const [time, values] = await Promise.all([
        this.serverClock.known ? undefined : redis.callBuffer('TIME'),
        redis.callBuffer('MGET', ...keys),
      ])
      if (time !== undefined) this.#learnTime(time as Buffer[])
      return values as (Buffer | null)[]
    })
  }

  #learnTime([seconds, micros]: Buffer[]): void {
    this.serverClock.learn(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000))
  }

  async #judge(ref: ValueRef, { bytes, generation, tagMark }: RawRead): Promise<Found> {
    if (bytes === null) return { entry: undefined, seen: '' }
    const entry = tryParseEntry(bytes, ref.key)
    if (entry === undefined || entry.generation !== generation) return { entry: undefined, seen: entryToken(bytes) }
    if (entry.tags.length > 0 && entry.tagMark !== tagMark && !(await this.#tagsHold(ref.shard, entry))) {
      return { entry: undefined, seen: entry.token }
    }
    return { entry, remainingMs: entry.writtenAt + entry.freshMs - this.serverClock.now() }
  }

  /** Some tag of the shard was invalidated since `entry` was written: looks whether it was one of its own. */
  async #tagsHold(shard: ShardKeys, entry: Entry): Promise<boolean> {
    const tokens = await this.run('read_tags', (redis) =>
      redis.callBuffer('MGET', ...entry.tags.map((tag) => tagKey(shard, tag))),
    )
    return (tokens as unknown[]).every((token, i) => textOf(token) === entry.tagTokens[i])
  }
}
