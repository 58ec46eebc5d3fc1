/** Flags in Redis: one hash of states, a list of changes, and a channel that tells of them. */
import { type Clock, systemClock } from '@ops/core'
import type { FlagInvalidError } from './errors.ts'
import { createMemoryProvider, type MemoryProvider, type ProviderPorts } from './memory-provider.ts'
import { type FlagState, parseFlagState, parseFlagText } from './state.ts'

/** The part of an ioredis client (`Redis` or `Cluster`, 5 or 6) that flags use. */
export interface RedisLike {
  hgetall(key: string): Promise<Record<string, string>>
  hget(key: string, field: string): Promise<string | null>
  lrange(key: string, from: number, to: number): Promise<string[]>
  eval(source: string, keys: number, ...args: (string | number)[]): Promise<unknown>
  readonly isCluster?: boolean
  duplicate(override?: never): RedisSubscriber
}

/** A connection of its own that hears of changes. */
export interface RedisSubscriber {
  subscribe(channel: string): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  disconnect(): void
}

/** Which flags, and how old they may be. */
export interface RedisFlagsOptions extends ProviderPorts {
  /** Stays yours to close. */
  readonly redis: RedisLike
  /** First part of every key. @defaultValue 'flags' */
  readonly name?: string
  /** Longest time a change that was not announced goes unseen, in milliseconds, 100 to 3_600_000. @defaultValue 30_000 */
  readonly cacheMs?: number
  /** Longest wait for Redis, in milliseconds, 1 to 60_000. @defaultValue 1_000 */
  readonly redisTimeoutMs?: number
}

const keysOf = (name: string) => ({
  states: `{${name}}:states`,
  history: `{${name}}:history`,
  channel: `${name}:changed`,
})

/**
 * The provider for flags in Redis: read at start, every `cacheMs` and at once when changed by a {@link createFlagStore}.
 * While Redis does not answer what was read last holds.
 *
 * @throws RangeError for a time out of range.
 */
export function redisFlags(options: RedisFlagsOptions): MemoryProvider {
  const { redis, name = 'flags', cacheMs = 30_000, redisTimeoutMs = 1_000, clock = systemClock } = options
  assertMs('cacheMs', cacheMs, 100, 3_600_000)
  assertMs('redisTimeoutMs', redisTimeoutMs, 1, 60_000)
  const keys = keysOf(name)
  const source = {
    name: 'redis',
    refreshMs: cacheMs,
    async read() {
      const stored = await within(redis.hgetall(keys.states), redisTimeoutMs, clock)
      return new Map(Object.entries(stored).map(([flag, text]) => [flag, tryParse(flag, text)]))
    },
    watch(changed: () => void) {
      const subscriber = subscriberOf(redis)
      // Lost connections are the client's to make again; until then the cache's time bounds what is missed.
      subscriber.on('error', () => {})
      subscriber.on('ready', () => void subscriber.subscribe(keys.channel).then(changed, () => {}))
      subscriber.on('message', changed)
      return () => subscriber.disconnect()
    },
  }
  return createMemoryProvider(source, options)
}

/**
 * The subscription is made anew at every connection here. ioredis 6.0 would do so with a promise nobody holds: lost once more,
 * it would end the process. A Cluster's own subscriber does not.
 */
function subscriberOf(redis: RedisLike): RedisSubscriber {
  return redis.isCluster === true ? redis.duplicate() : redis.duplicate({ autoResubscribe: false } as never)
}

/** One change of a flag. */
export interface FlagChange {
  readonly flag: string
  readonly state: FlagState
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly author: string
  readonly reason: string
}

/** Reads and writes the states of flags. */
export interface FlagStore {
  /** States by flag, as stored. @throws FlagInvalidError for one that cannot be used; what the client throws. */
  list(): Promise<Readonly<Record<string, FlagState>>>
  /** The state of a flag; undefined where none is stored. */
  tryGet(flag: string): Promise<FlagState | undefined>
  /** Stores a state, notes who and why, and tells every process. @throws FlagInvalidError; TypeError without author or reason. */
  set(flag: string, state: FlagState, by: { readonly author: string; readonly reason: string }): Promise<void>
  /** The last 1,000 changes of all flags, newest first; of one flag when it is named. */
  history(flag?: string): Promise<FlagChange[]>
}

const HISTORY = 1_000

/** KEYS states history; ARGV flag state change channel: all of it or nothing. */
const SET = `redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ${HISTORY - 1})
redis.call('PUBLISH', ARGV[4], ARGV[1])`

/** Creates the store of the flags under `name`: what a command line works with. */
export function createFlagStore(options: Pick<RedisFlagsOptions, 'redis' | 'name' | 'clock'>): FlagStore {
  const { redis, name = 'flags', clock = systemClock } = options
  const keys = keysOf(name)
  return {
    async list() {
      const stored = Object.entries(await redis.hgetall(keys.states))
      return Object.fromEntries(stored.map(([flag, text]) => [flag, parseFlagText(flag, text)]))
    },
    async tryGet(flag) {
      const text = await redis.hget(keys.states, flag)
      return text === null ? undefined : parseFlagText(flag, text)
    },
    async set(flag, state, { author, reason }) {
      if (!author || !reason) throw new TypeError(`Cannot set flag ${flag}: expected an author and a reason`)
      const change: FlagChange = { flag, state: parseFlagState(flag, state), at: clock.now(), author, reason }
      await redis.eval(
        SET,
        2,
        keys.states,
        keys.history,
        flag,
        JSON.stringify(state),
        JSON.stringify(change),
        keys.channel,
      )
    },
    async history(flag) {
      const changes = (await redis.lrange(keys.history, 0, HISTORY - 1)).map((text) => JSON.parse(text) as FlagChange)
      return flag === undefined ? changes : changes.filter((change) => change.flag === flag)
    },
  }
}

function tryParse(flag: string, text: string): FlagState | FlagInvalidError {
  try {
    return parseFlagText(flag, text)
  } catch (error) {
    return error as FlagInvalidError
  }
}

function within<T>(work: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(new Error(`no answer within ${timeoutMs} ms`))
    const timer = clock.setTimeout(expire, timeoutMs)
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

function assertMs(option: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return
  throw new RangeError(`Cannot read flags from Redis: ${option} is ${value}, expected ${min} to ${max}`)
}
