/** What `createCache` and `define` take, with defaults and the checks that refuse misuse at creation. */
import {
  type Clock,
  type Duration,
  type Lifecycle,
  type Logger,
  type Meter,
  parseDuration,
  type Random,
} from '@ops/core'
import type { RedisLike } from './redis-client.ts'

/** The in-process tier. */
export interface ProcessTierOptions {
  /** Most bytes it holds, by encoded size; from 1,024. */
  readonly maxBytes: number
  /**
   * Oldest proof that invalidations arrive with which it is still read, in milliseconds; from 2 heartbeats.
   * It bounds how long a value that another process invalidated may be served here.
   *
   * @defaultValue 3_000
   */
  readonly maxLagMs?: number
  /** Pause between two proofs, in milliseconds; from 10. @defaultValue 1_000 */
  readonly heartbeatMs?: number
}

/** Options of a cache. */
export interface CacheOptions {
  /** An ioredis client (`createRedis` of @ops/redis, `Redis`, `Cluster`). It stays the caller's to close. */
  readonly redis: RedisLike
  /** First part of every key: services that share a Redis take different names. Not empty. */
  readonly name: string
  /** The in-process tier. @defaultValue none: every read asks Redis */
  readonly l1?: ProcessTierOptions
  /** Longest wait for one answer of Redis, in milliseconds; 1 to 60,000. @defaultValue 200 */
  readonly redisTimeoutMs?: number
  /** Largest encoded value that is cached, in bytes; larger ones are returned uncached. @defaultValue 1_048_576 */
  readonly maxValueBytes?: number
  /** Encoded values above this are compressed, in bytes. @defaultValue 4_096 */
  readonly compressAboveBytes?: number
  /**
   * Hash slots over which a tenant's keys spread in a Cluster, 1 to 64; also the number of keys a purge deletes.
   * Changing it empties the cache.
   *
   * @defaultValue 4
   */
  readonly shardsPerTenant?: number
  /** Loads of one tenant that run at once in this process; more wait. From 1. @defaultValue 32 */
  readonly maxLoadsPerTenant?: number
  /** Freezes what `get` returns, so that a change of a shared value fails loudly. @defaultValue true unless NODE_ENV is production */
  readonly freezeValues?: boolean
  /**
   * Number of tenants that `cache_tenant_reads_total` names, 1 to 100; the rest count as `_other`. Costs a map look-up a read.
   *
   * @defaultValue none: no metric carries a tenant
   */
  readonly topTenants?: number
  /** @defaultValue one that discards */
  readonly meter?: Meter
  /** @defaultValue one that discards */
  readonly logger?: Logger
  /** Closes the cache with the service. @defaultValue the caller closes it */
  readonly lifecycle?: Lifecycle
  /** @defaultValue the system's */
  readonly clock?: Clock
  /** @defaultValue `Math.random` */
  readonly random?: Random
}

/** What a loader gets besides the id. */
export interface LoadContext {
  /** The tenant whose value is loaded; empty for `scope: 'global'`. */
  readonly tenant: string
  /** Aborted at `timeout.hardMs`. */
  readonly signal: AbortSignal
}

/** Declares what is cached and how it is loaded. `undefined` and `null` mean "there is none" and are cached as `negativeTtl` says. */
export interface DefinitionOptions<V> {
  /** Part of the key: raise it when the shape changes. Processes one version apart still invalidate each other. Integer from 1. @defaultValue 1 */
  readonly schemaVersion?: number
  /** How long a value is fresh. */
  readonly ttl: Duration
  /** How long after `ttl` a value may stand in while it is refreshed, or when the loader fails. @defaultValue 0 */
  readonly staleFor?: Duration
  /** How long "there is none" is fresh; 0 does not cache it. @defaultValue the shorter of `ttl` and 30 s */
  readonly negativeTtl?: Duration
  /** `'global'` for data that is no tenant's: it must be said. @defaultValue 'tenant' */
  readonly scope?: 'tenant' | 'global'
  readonly timeout?: {
    /** How long a caller that could get a stale value waits for a fresh one, in milliseconds. @defaultValue 0: it gets the stale one at once */
    readonly softMs?: number
    /** After that a load has failed, in milliseconds; 1 to 600,000. @defaultValue 10_000 */
    readonly hardMs?: number
  }
  /** Loads one value. Required unless `loadMany` is given. */
  readonly load?: (id: string, context: LoadContext) => Promise<V> | V
  /**
   * Loads many values at once; used instead of `load` for whatever is missing in one turn of the event loop.
   * Ids absent from the map are cached as absent; an Error as a value fails that id alone.
   */
  readonly loadMany?: (ids: readonly string[], context: LoadContext) => Promise<ReadonlyMap<string, V | Error>>
  /** Tags of a value, at most 255, for `invalidateTags`. @defaultValue none */
  readonly tags?: (value: NonNullable<V>, id: string) => readonly string[]
  /** Share of `ttl` by which it is shortened at random, so that entries do not expire together; 0 to 1. @defaultValue 0.1 */
  readonly jitterRatio?: number
  /** Eagerness of refreshing before expiry, in multiples of the load time; 0 turns it off. @defaultValue 1 @see https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf */
  readonly earlyRefresh?: number
}

/** A definition's options, checked and with defaults. */
export interface DefinitionSettings<V> {
  readonly name: string
  readonly schemaVersion: number
  readonly ttlMs: number
  readonly staleMs: number
  readonly negativeMs: number
  readonly isGlobal: boolean
  readonly softMs: number
  readonly hardMs: number
  readonly load: DefinitionOptions<V>['load']
  readonly loadMany: DefinitionOptions<V>['loadMany']
  readonly tags: DefinitionOptions<V>['tags']
  readonly jitterRatio: number
  readonly earlyRefresh: number
}

const MAX_MS = 2_147_483_647

/** @throws RangeError when `value` is outside `min` to `max`. */
export function assertRange(
  what: string,
  value: number,
  [min, max]: readonly [number, number],
  integer = true,
): number {
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value
  throw new RangeError(
    `Cannot create ${what} of ${value}: expected ${integer ? 'an integer' : 'a number'} from ${min} to ${max}`,
  )
}

/** @throws TypeError or RangeError that says what was given and what is allowed. */
export function definitionSettings<V>(name: string, options: DefinitionOptions<V>): DefinitionSettings<V> {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`Cannot define a cache named ${JSON.stringify(name)}: expected text that is not empty`)
  }
  if (options.load === undefined && options.loadMany === undefined) {
    throw new TypeError(`Cannot define cache ${name}: neither load nor loadMany is given, expected at least one`)
  }
  if (options.scope !== undefined && options.scope !== 'tenant' && options.scope !== 'global') {
    throw new TypeError(`Cannot define cache ${name}: scope is ${String(options.scope)}, expected 'tenant' or 'global'`)
  }
  const duration = (key: 'ttl' | 'staleFor' | 'negativeTtl', fallback: number): number => {
    const given = options[key]
    const ms = given === undefined ? fallback : parseDuration(given, `${key} of cache ${name}`)
    return assertRange(`cache ${name} with ${key}`, ms, [key === 'ttl' ? 1 : 0, MAX_MS], false)
  }
  const ttlMs = duration('ttl', 0)
  return {
    name,
    schemaVersion: assertRange(`cache ${name} with schemaVersion`, options.schemaVersion ?? 1, [1, 1_000_000_000]),
    ttlMs,
    staleMs: duration('staleFor', 0),
    negativeMs: duration('negativeTtl', Math.min(ttlMs, 30_000)),
    isGlobal: options.scope === 'global',
    softMs: assertRange(`cache ${name} with timeout.softMs`, options.timeout?.softMs ?? 0, [0, 600_000]),
    hardMs: assertRange(`cache ${name} with timeout.hardMs`, options.timeout?.hardMs ?? 10_000, [1, 600_000]),
    load: options.load,
    loadMany: options.loadMany,
    tags: options.tags,
    jitterRatio: assertRange(`cache ${name} with jitterRatio`, options.jitterRatio ?? 0.1, [0, 1], false),
    earlyRefresh: assertRange(`cache ${name} with earlyRefresh`, options.earlyRefresh ?? 1, [0, 100], false),
  }
}
