/** The tier in Redis: reads, leases, fills and invalidations, each bounded in time and judged against generation and tags. */
import { type Clock, createSpanId } from '@ops/core'
import { createBatch } from './batch.ts'
import { Breaker } from './breaker.ts'
import { type Entry, type EntryTail, entryToken, packTail, tryParseEntry } from './entry.ts'
import { RedisSilentError } from './errors.ts'
import { type PendingRead, type RawRead, readTogether, type ValueRef } from './read-batch.ts'
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

interface AcquireItem {
  readonly ref: ValueRef
  readonly seen: string
  readonly token: string
  readonly leaseMs: number
}

interface FillItem {
  readonly ref: ValueRef
  readonly lease: Lease
  readonly tail: EntryTail
  readonly keepMs: number
}

/** Bounds how long a script holds up everybody else. */
const MAX_SCRIPT_ITEMS = 64
const MAX_ORPHANS = 1_000
/** Tokens outlive what hangs on them by this much. */
const TOKEN_MARGIN_MS = 3_600_000
const FILL_RESULTS: Readonly<Record<number, FillResult>> = {
  1: 'written',
  [-1]: 'lease_lost',
  [-2]: 'purged',
  [-3]: 'tag_invalidated',
}

const textOf = (reply: unknown): string | null => (Buffer.isBuffer(reply) ? reply.toString('latin1') : null)

function keysOf({ shard, key }: ValueRef): string[] {
  return [key, leaseKey(shard, key), shard.generation, shard.tagMark]
}

/** Every method throws RedisSilentError when Redis does not take part. */
export class RemoteTier {
  readonly serverClock: ServerClock
  readonly #options: RemoteTierOptions
  readonly #breaker: Breaker
  /** Leases that may have been granted without this process learning it: others would wait for nobody. */
  readonly #orphans = new Map<string, ValueRef>()
  readonly #reads: (read: PendingRead) => Promise<RawRead>
  readonly #acquires: (item: AcquireItem) => Promise<readonly unknown[]>
  readonly #fills: (item: FillItem) => Promise<number>

  constructor(options: RemoteTierOptions) {
    this.#options = options
    this.serverClock = createServerClock(options.clock)
    this.#breaker = new Breaker({
      ...options,
      onRecovered: () => {
        options.onRecovered()
        this.#releaseOrphans()
      },
    })
    const isCluster = options.redis.isCluster === true
    const groupOf = (item: { readonly ref: ValueRef }): string => (isCluster ? item.ref.shard.prefix : '')
    this.#reads = createBatch<PendingRead, RawRead>({
      groupOf,
      maxItems: 512,
      send: (items) => readTogether(items, (keys) => this.#mget(keys)),
    })
    this.#acquires = createBatch<AcquireItem, readonly unknown[]>({
      groupOf,
      maxItems: MAX_SCRIPT_ITEMS,
      send: (items) => this.#acquireAll(items),
    })
    this.#fills = createBatch<FillItem, number>({
      groupOf,
      maxItems: MAX_SCRIPT_ITEMS,
      send: (items) => this.#fillAll(items),
    })
  }

  /** True while Redis is not asked, because it did not answer. */
  get isAway(): boolean {
    return this.#breaker.isOpen
  }

  /** Reads one value; all reads of one turn of the event loop share a round trip. */
  async read(ref: ValueRef, onSend: () => void): Promise<Found> {
    // A batch that will not be sent must not collect callers.
    if (this.isAway) throw new RedisSilentError('the breaker is open')
    return this.#judge(ref, await this.#reads({ ref, onSend }))
  }

  /** Tries to become the one who loads `ref`; `seen` is the token of the entry the caller already judged. */
  async acquire(ref: ValueRef, seen: string, leaseMs: number): Promise<Acquired> {
    const token = createSpanId()
    const reply = await this.#acquires({ ref, seen, token, leaseMs })
    if (reply[0] === -1) throw new RedisSilentError('Redis refused a lease')
    if (reply[0] === 0) return { state: 'busy', holder: textOf(reply[1]) ?? '' }
    const generation = textOf(reply[1])
    const tagMark = textOf(reply[2])
    if (reply[0] === 1)
      return { state: 'granted', lease: { token, generation: generation ?? '', tagMark: tagMark ?? '' } }
    return { state: 'found', found: await this.#judge(ref, { bytes: reply[3] as Buffer, generation, tagMark }) }
  }

  /** Writes what was loaded under `lease`, unless an invalidation has come between. */
  async fill(ref: ValueRef, lease: Lease, tail: EntryTail, keepMs: number): Promise<FillResult> {
    const code = await this.#fills({ ref, lease, tail, keepMs: Math.max(1, Math.round(keepMs)) })
    return FILL_RESULTS[code] ?? 'lease_lost'
  }

  /** Gives a lease back. */
  async release(ref: ValueRef, lease: Lease): Promise<void> {
    await this.#releaseToken(ref, lease.token)
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

  async #acquireAll(items: readonly AcquireItem[]): Promise<readonly (readonly unknown[])[]> {
    const keys = items.flatMap(({ ref }) => keysOf(ref))
    const args = items.flatMap(({ ref, seen, token, leaseMs }) => [
      seen === '' ? '' : Buffer.from(seen, 'latin1'),
      token,
      leaseMs,
      leaseMs + TOKEN_MARGIN_MS,
      ref.tagged ? 1 : 0,
    ])
    const deadline = await this.deadline()
    try {
      const [replies] = await this.script(ACQUIRE, keys, [createSpanId(), deadline, ...args])
      return replies as unknown[][]
    } catch (error) {
      for (const { ref, token } of items) if (this.#orphans.size < MAX_ORPHANS) this.#orphans.set(token, ref)
      throw error
    }
  }

  #releaseOrphans(): void {
    const orphans = [...this.#orphans]
    this.#orphans.clear()
    for (const [token, ref] of orphans) void this.#releaseToken(ref, token).catch(() => {})
  }

  async #releaseToken({ shard, key }: ValueRef, token: string): Promise<void> {
    await this.script(RELEASE, [leaseKey(shard, key)], [token])
  }

  async #fillAll(items: readonly FillItem[]): Promise<readonly number[]> {
    const keys = items.flatMap(({ ref, tail }) => [...keysOf(ref), ...tail.tags.map((tag) => tagKey(ref.shard, tag))])
    const args = items.flatMap(({ lease, tail, keepMs }) => [
      lease.token,
      lease.generation,
      lease.tagMark,
      packTail(tail),
      keepMs,
      keepMs + TOKEN_MARGIN_MS,
      tail.tags.length,
    ])
    const [replies] = await this.script(FILL, keys, [createSpanId(), ...args])
    return replies as number[]
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
