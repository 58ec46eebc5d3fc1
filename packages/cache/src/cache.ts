/** `createCache`: wires the tiers, the backplane and the figures of one cache, and hands out its definitions. */
import { type Clock, noopMeter, requireTenant, silentLogger, systemClock, systemRandom } from '@ops/core'
import { Backplane } from './backplane.ts'
import { CoarseClock } from './coarse-clock.ts'
import { type CachedResource, Definition } from './definition.ts'
import { Epochs } from './epochs.ts'
import { CacheUnavailableError } from './errors.ts'
import { formatMessage, type InvalidationMessage, tryParseMessage } from './message.ts'
import { assertRange, type CacheOptions, type DefinitionOptions, definitionSettings } from './options.ts'
import { type CacheParts, createShards, registerParts } from './parts.ts'
import { ProcessTier } from './process-tier.ts'
import { assertRedisLike } from './redis-client.ts'
import { RemoteTier } from './remote-tier.ts'
import { createTelemetry, type Telemetry, type TierFigures } from './telemetry.ts'
import { encodeKeyPart, hashText, type ShardKeys, tagKey } from './tenant-key.ts'
import { createTenantLimit } from './tenant-limit.ts'
import { createTopTenants } from './top-tenants.ts'

/** What one tenant's data, or the global data, can be told as a whole. */
export interface TenantScope {
  /** Forgets everything: reads that start after it resolves load anew. @throws CacheUnavailableError when Redis did not confirm it. */
  purge(): Promise<void>
  /** Forgets every value that carries one of `tags`. @throws CacheUnavailableError when Redis did not confirm it. */
  invalidateTags(...tags: string[]): Promise<void>
}

/** Figures since the cache was created. */
export interface CacheStats {
  readonly l1: {
    readonly bytes: number
    readonly entries: number
    readonly evictions: number
    readonly bypassed: boolean
  }
  /** True while Redis is not asked because it did not answer. */
  readonly redisAway: boolean
  readonly backplaneLagSeconds: number
  readonly redisErrors: number
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly l1Hits: number
        readonly l1Misses: number
        readonly l2Hits: number
        readonly l2Stale: number
        readonly l2Misses: number
        readonly l2Unavailable: number
        readonly loads: Readonly<Record<'ok' | 'absent' | 'error' | 'timeout', number>>
        readonly fillsRejected: Readonly<Record<string, number>>
      }
    >
  >
}

/** A cache. */
export interface Cache {
  readonly name: string
  /** Declares what is cached under `name`, once. @throws TypeError or RangeError for options out of range, or a name taken. */
  define<V>(name: string, options: DefinitionOptions<V>): CachedResource<V>
  /** Forgets every value of the running context's tenant that carries one of `tags`. @throws TenantRequiredError, CacheUnavailableError. */
  invalidateTags(...tags: string[]): Promise<void>
  /** A tenant's data as a whole. @throws TypeError for an empty tenant. */
  for(tenant: string): TenantScope
  /** What is defined with `scope: 'global'`, as a whole. */
  readonly global: TenantScope
  stats(): CacheStats
  /** Ends the backplane's connection and all timers. The Redis client is its owner's. Calling again does nothing. */
  close(): void
}

/**
 * Creates a cache on Redis, with an in-process tier where `l1` is given.
 *
 * After `invalidate()` resolves, no read that starts later returns an older value from Redis; from the in-process tier none
 * that is older than the delivery of the invalidation, at most `l1.maxLagMs`.
 *
 * @throws TypeError or RangeError for options that are missing or out of range.
 * @example
 * const cache = createCache({ redis, name: 'shop', l1: { maxBytes: 64 * 2 ** 20 } })
 */
export function createCache(options: CacheOptions): Cache {
  assertCacheOptions(options)
  return new TieredCache(options)
}

function assertCacheOptions(options: CacheOptions): void {
  if (typeof options.name !== 'string' || options.name === '') {
    throw new TypeError(
      `Cannot create a cache: name is ${JSON.stringify(options.name)}, expected text that is not empty`,
    )
  }
  assertRedisLike(options.redis, options.name)
  const what = `cache ${options.name} with`
  assertRange(`${what} redisTimeoutMs`, options.redisTimeoutMs ?? 200, [1, 60_000])
  assertRange(`${what} maxValueBytes`, options.maxValueBytes ?? 1, [1, 512 * 2 ** 20])
  assertRange(`${what} compressAboveBytes`, options.compressAboveBytes ?? 1, [0, Number.MAX_SAFE_INTEGER])
  assertRange(`${what} shardsPerTenant`, options.shardsPerTenant ?? 1, [1, 64])
  assertRange(`${what} maxLoadsPerTenant`, options.maxLoadsPerTenant ?? 1, [1, 1_000_000])
  assertRange(`${what} topTenants`, options.topTenants ?? 1, [1, 100])
  const { l1 } = options
  if (l1 === undefined) return
  const heartbeatMs = assertRange(`${what} l1.heartbeatMs`, l1.heartbeatMs ?? 1_000, [10, 60_000])
  assertRange(`${what} l1.maxBytes`, l1.maxBytes, [1024, Number.MAX_SAFE_INTEGER])
  assertRange(`${what} l1.maxLagMs`, l1.maxLagMs ?? 3_000, [2 * heartbeatMs, 600_000])
}

function assembleParts(
  options: CacheOptions,
  made: { readonly remote: RemoteTier; readonly backplane: Backplane | undefined; readonly isClosed: () => boolean },
): CacheParts {
  const { name, l1, clock = systemClock, shardsPerTenant = 4 } = options
  return {
    name,
    remote: made.remote,
    clock,
    logger: options.logger ?? silentLogger,
    coarseClock: new CoarseClock(clock),
    local: new ProcessTier(l1?.maxBytes ?? 0),
    epochs: new Epochs(),
    backplane: made.backplane ?? { validUntil: Number.NEGATIVE_INFINITY },
    limit: createTenantLimit(options.maxLoadsPerTenant ?? 32),
    random: options.random ?? systemRandom,
    shardsPerTenant,
    shardOf: createShards(name, shardsPerTenant),
    maxValueBytes: options.maxValueBytes ?? 2 ** 20,
    compressAboveBytes: options.compressAboveBytes ?? 4096,
    freezeValues: options.freezeValues ?? process.env['NODE_ENV'] !== 'production',
    hasProcessTier: l1 !== undefined,
    topTenants:
      options.topTenants === undefined
        ? undefined
        : createTopTenants(options.meter ?? noopMeter, name, options.topTenants),
    isClosed: made.isClosed,
  }
}

class TieredCache implements Cache {
  readonly name: string
  readonly global: TenantScope
  readonly #parts: CacheParts
  readonly #backplane: Backplane | undefined
  readonly #telemetry: Telemetry
  readonly #definitions = new Map<string, { readonly tagged: boolean }>()
  #closed = false

  constructor(options: CacheOptions) {
    const { name, redis, l1, clock = systemClock, logger = silentLogger } = options
    this.name = name
    const channel = `${encodeKeyPart(name)}!invalidations`
    this.#telemetry = createTelemetry(options.meter ?? noopMeter, name, clock, () => this.#tierFigures())
    const remote = new RemoteTier({
      redis,
      cache: name,
      clock,
      channel,
      timeoutMs: options.redisTimeoutMs ?? 200,
      observe: this.#telemetry.observe,
      onOpened: (error) => logger.warn({ cache: name, error }, 'cache goes on without Redis'),
      onRecovered: () => {
        this.#forgetAll()
        logger.info({ cache: name }, 'cache uses Redis again')
      },
    })
    if (l1 !== undefined) {
      this.#backplane = new Backplane({
        redis,
        channel,
        clock,
        heartbeatMs: l1.heartbeatMs ?? 1_000,
        maxLagMs: l1.maxLagMs ?? 3_000,
        publish: (to, message) => remote.run('heartbeat', (client) => client.callBuffer('PUBLISH', to, message)),
        onMessage: (message) => this.#receive(message),
        onGap: () => this.#forgetAll(),
      })
    }
    this.#parts = assembleParts(options, { remote, backplane: this.#backplane, isClosed: () => this.#closed })
    registerParts(this, this.#parts)
    this.global = this.#scope('')
    options.lifecycle?.onClose(`cache ${name}`, () => this.close())
  }

  define<V>(name: string, options: DefinitionOptions<V>): CachedResource<V> {
    const settings = definitionSettings(name, options)
    if (this.#definitions.has(name)) {
      throw new TypeError(`Cannot define cache ${name}: it is defined already, expected one definition a name`)
    }
    this.#definitions.set(name, { tagged: settings.tags !== undefined })
    return new Definition(this.#parts, settings, this.#telemetry.definition(name))
  }

  async invalidateTags(...tags: string[]): Promise<void> {
    return this.#scope(requireTenant('invalidate tags')).invalidateTags(...tags)
  }

  for(tenant: string): TenantScope {
    if (typeof tenant !== 'string' || tenant === '') {
      throw new TypeError(`Cannot address tenant ${JSON.stringify(tenant)}: expected text that is not empty`)
    }
    return this.#scope(tenant)
  }

  stats(): CacheStats {
    const { local, remote, clock } = this.#parts
    return {
      l1: { bytes: local.bytes, entries: local.size, evictions: local.evictions, bypassed: this.#bypassed(clock) },
      redisAway: remote.isAway,
      backplaneLagSeconds: this.#backplane?.lagSeconds ?? 0,
      redisErrors: this.#telemetry.errors,
      definitions: Object.fromEntries(
        this.#telemetry.definitions.map((figures) => {
          const { name, loadDuration: _, fillRejected, invalidations: __, loads, ...counts } = figures
          return [name, { ...counts, loads: { ...loads }, fillsRejected: Object.fromEntries(fillRejected) }]
        }),
      ),
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#backplane?.close()
    this.#parts.remote.close()
    this.#telemetry.close()
    this.#parts.topTenants?.close()
    this.#forgetAll()
  }

  #tierFigures(): TierFigures {
    const { local, clock } = this.#parts
    return {
      l1Bytes: local.bytes,
      l1Bypassed: this.#bypassed(clock),
      evictions: local.evictions,
      lagSeconds: this.#backplane?.lagSeconds ?? 0,
    }
  }

  #bypassed(clock: Clock): boolean {
    return this.#backplane !== undefined && clock.monotonic() >= this.#backplane.validUntil
  }

  #scope(tenant: string): TenantScope {
    return {
      purge: async () => {
        await this.#invalidateShards({ scope: 'tenant', tenant }, (shard) => [shard.generation])
        this.#telemetry.scopes.tenant++
      },
      invalidateTags: async (...tags) => {
        await this.#invalidateShards({ scope: 'tag', tenant }, (shard) => [
          shard.tagMark,
          ...tags.map((tag) => tagKey(shard, tag)),
        ])
        this.#telemetry.scopes.tag++
      },
    }
  }

  async #invalidateShards(message: InvalidationMessage, keys: (shard: ShardKeys) => readonly string[]): Promise<void> {
    const { remote, name, shardsPerTenant, shardOf } = this.#parts
    this.#apply(message)
    try {
      const shards = Array.from({ length: shardsPerTenant }, (_, i) => shardOf(message.tenant, i))
      await Promise.all(shards.map((shard) => remote.invalidate(keys(shard), formatMessage(message))))
    } catch (error) {
      throw new CacheUnavailableError(name, `invalidate by ${message.scope}`, error)
    } finally {
      this.#apply(message)
    }
  }

  #receive(text: string): void {
    const message = tryParseMessage(text)
    if (message === undefined) this.#forgetAll()
    else this.#apply(message)
  }

  /** Removes from the in-process tier what a message makes old, and fences what is on its way into it. */
  #apply(message: InvalidationMessage): void {
    const { local, epochs } = this.#parts
    if (message.scope === 'key') {
      epochs.advance(hashText(message.id))
      local.delete(message.definition, message.tenant, message.id)
      return
    }
    epochs.advanceAll()
    if (message.scope === 'tenant') local.clearTenant(message.tenant)
    else for (const [name, { tagged }] of this.#definitions) if (tagged) local.clearTenant(message.tenant, name)
  }

  #forgetAll(): void {
    this.#parts?.epochs.advanceAll()
    this.#parts?.local.clear()
  }
}
