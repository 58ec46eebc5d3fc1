/** A cached resource as its users see it: the hot path of reads, and invalidation. */
import { currentContext, TenantRequiredError } from '@ops/core'
import type { CoarseClock } from './coarse-clock.ts'
import { CacheClosedError, CacheUnavailableError } from './errors.ts'
import { createLoader } from './loader.ts'
import type { Target } from './local-copies.ts'
import { formatMessage } from './message.ts'
import type { DefinitionSettings } from './options.ts'
import type { CacheParts } from './parts.ts'
import type { Held, Partition } from './process-tier.ts'
import { Resolver } from './resolver.ts'
import type { DefinitionFigures } from './telemetry.ts'
import { hashText, leaseKey, valueKey } from './tenant-key.ts'

/** A cached resource. The tenant is that of the running context, unless the definition says `scope: 'global'`. */
export interface CachedResource<V> {
  /**
   * The value of `id`: from this process, from Redis, or from the loader, which runs once for all callers of all processes.
   *
   * @throws TenantRequiredError without a tenant; CacheLoadTimeoutError after `timeout.hardMs`; the loader's own error when it
   * fails and nothing stale can stand in.
   */
  get(id: string): Promise<V>
  /** The value if this process holds it fresh; undefined otherwise. Never does I/O. @throws TenantRequiredError without a tenant. */
  peek(id: string): V | undefined
  /** The values of `ids` in their order, with one round trip for what is cached. @throws the first failure, after all are settled. */
  getMany(ids: readonly string[]): Promise<V[]>
  /** As {@link CachedResource.getMany}, with each id's outcome of its own. */
  getManySettled(ids: readonly string[]): Promise<PromiseSettledResult<V>[]>
  /**
   * Makes every read that starts after it resolves bring a value loaded later. Call it after the write has been committed.
   *
   * @throws CacheUnavailableError when Redis did not confirm it; the old value may then live until its ttl.
   */
  invalidate(id: string): Promise<void>
}

/** Implements {@link CachedResource}. */
export class Definition<V> implements CachedResource<V> {
  readonly #parts: CacheParts
  readonly #settings: DefinitionSettings<V>
  readonly #figures: DefinitionFigures
  readonly #resolver: Resolver<V>
  readonly #partitions: ReadonlyMap<string, Partition>
  readonly #now: CoarseClock
  readonly #backplane: CacheParts['backplane']
  readonly #isGlobal: boolean
  readonly #topTenants: CacheParts['topTenants']

  constructor(parts: CacheParts, settings: DefinitionSettings<V>, figures: DefinitionFigures) {
    this.#parts = parts
    this.#settings = settings
    this.#figures = figures
    const loader = createLoader({ cache: parts.name, settings, clock: parts.clock, limit: parts.limit, figures })
    this.#resolver = new Resolver({ parts, settings, loader, figures })
    this.#partitions = parts.local.partitionsOf(settings.name)
    this.#now = parts.coarseClock
    this.#backplane = parts.backplane
    this.#isGlobal = settings.isGlobal
    this.#topTenants = parts.topTenants
  }

  get(id: string): Promise<V> {
    try {
      const tenant = this.#tenant('read')
      if (this.#topTenants !== undefined && !this.#isGlobal) this.#topTenants.count(tenant)
      const held = this.#partitions.get(tenant)?.get(id) as Held<V> | undefined
      if (held !== undefined) {
        const now = this.#now.now()
        if (now < this.#backplane.validUntil) {
          if (now < held.refreshAt) {
            this.#figures.l1Hits++
            return held.promise
          }
          if (now < held.freshUntil) return this.#refreshEarly(tenant, id, held)
        }
      }
      this.#figures.l1Misses++
      return this.#resolver.resolve(this.#target(tenant, id), held)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  peek(id: string): V | undefined {
    const held = this.#partitions.get(this.#tenant('read'))?.get(id) as Held<V> | undefined
    if (held === undefined) return undefined
    const now = this.#now.now()
    return now < held.freshUntil && now < this.#backplane.validUntil ? held.value : undefined
  }

  async getMany(ids: readonly string[]): Promise<V[]> {
    const outcomes = await this.getManySettled(ids)
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })
  }

  getManySettled(ids: readonly string[]): Promise<PromiseSettledResult<V>[]> {
    return Promise.allSettled(ids.map((id) => this.get(id)))
  }

  async invalidate(id: string): Promise<void> {
    const tenant = this.#tenant('invalidate')
    const target = this.#target(tenant, id)
    const forget = () => {
      this.#parts.epochs.advance(target.hash)
      this.#parts.local.delete(this.#settings.name, tenant, id)
    }
    forget()
    try {
      const message = formatMessage({ scope: 'key', definition: this.#settings.name, tenant, id })
      await this.#parts.remote.invalidate(this.#keysOf(target), message)
      this.#figures.invalidations.key++
    } catch (error) {
      throw new CacheUnavailableError(this.#parts.name, 'invalidate a key', error)
    } finally {
      // Reads that were on their way while Redis deleted may have brought the old value meanwhile.
      forget()
    }
  }

  /** Value and lease of this version and its neighbours: during a rollout two versions run side by side. */
  #keysOf({ shard, id }: Target): string[] {
    const { name, schemaVersion } = this.#settings
    const versions = [schemaVersion - 1, schemaVersion, schemaVersion + 1].filter((version) => version > 0)
    return versions.flatMap((version) => {
      const key = valueKey(shard, name, version, id)
      return [key, leaseKey(shard, key)]
    })
  }

  #refreshEarly(tenant: string, id: string, held: Held<V>): Promise<V> {
    this.#figures.l1Hits++
    // Only this caller: the others go on without it until the entry expires.
    held.refreshAt = held.freshUntil
    void this.#resolver.refresh(this.#target(tenant, id), held.token)
    return held.promise
  }

  #tenant(operation: string): string {
    if (this.#isGlobal) return ''
    const tenant = currentContext()?.tenant
    if (tenant === undefined || tenant === '')
      throw new TenantRequiredError(`${operation} cache ${this.#settings.name}`)
    return tenant
  }

  #target(tenant: string, id: string): Target {
    // Not on the way of a hit: a closed cache holds nothing.
    if (this.#parts.isClosed()) throw new CacheClosedError(this.#parts.name)
    if (typeof id !== 'string')
      throw new TypeError(`Cannot use cache ${this.#settings.name}: id is ${typeof id}, expected a string`)
    const { name, schemaVersion, tags } = this.#settings
    const hash = hashText(id)
    const shard = this.#parts.shardOf(tenant, hash)
    return { tenant, id, hash, shard, key: valueKey(shard, name, schemaVersion, id), tagged: tags !== undefined }
  }
}
