/** The parts of one cache that its definitions share. */
import type { Clock, Logger, Random } from '@ops/core'
import { LRUCache } from 'lru-cache'
import type { Backplane } from './backplane.ts'
import type { CoarseClock } from './coarse-clock.ts'
import type { Epochs } from './epochs.ts'
import type { ProcessTier } from './process-tier.ts'
import type { RemoteTier } from './remote-tier.ts'
import { type ShardKeys, shardKeys } from './tenant-key.ts'
import type { TenantLimit } from './tenant-limit.ts'
import type { TopTenants } from './top-tenants.ts'

/** Everything a definition works with. */
export interface CacheParts {
  readonly name: string
  readonly remote: RemoteTier
  readonly local: ProcessTier
  readonly epochs: Epochs
  /** Undefined without an in-process tier. */
  readonly backplane: Pick<Backplane, 'validUntil'>
  readonly limit: TenantLimit
  readonly clock: Clock
  readonly coarseClock: CoarseClock
  readonly random: Random
  readonly logger: Logger
  readonly shardsPerTenant: number
  /** The shard of a tenant (`''` is global) in which a hash falls. */
  readonly shardOf: (tenant: string, hash: number) => ShardKeys
  readonly maxValueBytes: number
  readonly compressAboveBytes: number
  readonly freezeValues: boolean
  readonly hasProcessTier: boolean
  /** Undefined unless tenants are counted. */
  readonly topTenants: TopTenants | undefined
  isClosed(): boolean
}

const MAX_CACHED_TENANTS = 1_000

/** The keys of the shard in which a hash falls, made once for each of the tenants seen last; `''` is global. */
export function createShards(app: string, shardsPerTenant: number): (tenant: string, hash: number) => ShardKeys {
  const tenants = new LRUCache<string, (ShardKeys | undefined)[]>({ max: MAX_CACHED_TENANTS })
  return (tenant, hash) => {
    let shards = tenants.get(tenant)
    if (shards === undefined) {
      shards = []
      tenants.set(tenant, shards)
    }
    const shard = hash % shardsPerTenant
    return (shards[shard] ??= shardKeys(app, tenant === '' ? undefined : tenant, shard))
  }
}

const parts = new WeakMap<object, CacheParts>()

/** Lets what is built on a cache reach its parts. */
export function registerParts(cache: object, its: CacheParts): void {
  parts.set(cache, its)
}

/** @throws TypeError when `cache` was not made by `createCache` of this copy of the package. */
export function partsOf(cache: object): CacheParts {
  const its = parts.get(cache)
  if (its === undefined) throw new TypeError('Cannot use this cache: it is foreign, expected one made by createCache')
  return its
}
