/** The in-process tier: bounded by bytes, shared fairly between tenants, each partition an LRU of its own. */
import { LRUCache } from 'lru-cache'

/** A value held in this process. Times are monotonic milliseconds. */
export interface Held<V> {
  readonly value: V
  /** The settled promise that `get` hands out, so that a hit allocates nothing. */
  readonly promise: Promise<V>
  /** Identity of the entry in Redis. */
  readonly token: string
  readonly bytes: number
  /** From then on one caller refreshes early. */
  refreshAt: number
  readonly freshUntil: number
  /** Until then it may stand in when Redis and loader fail. */
  readonly staleUntil: number
}

/** What one tenant holds of one definition. */
export type Partition = LRUCache<string, Held<unknown>>

interface Share {
  bytes: number
  readonly partitions: Map<string, Partition>
}

/** Keys, hidden classes and list links of an entry, roughly. */
const OVERHEAD_BYTES = 256

/** The partitions of all definitions and tenants under one bound. */
export class ProcessTier {
  readonly #maxBytes: number
  readonly #shares = new Map<string, Share>()
  readonly #byDefinition = new Map<string, Map<string, Partition>>()
  bytes = 0
  evictions = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Number of entries. */
  get size(): number {
    let size = 0
    for (const partitions of this.#byDefinition.values()) for (const one of partitions.values()) size += one.size
    return size
  }

  /** The partitions of a definition by tenant (`''` is global): stays the same object for good. */
  partitionsOf(definition: string): ReadonlyMap<string, Partition> {
    return this.#ownPartitionsOf(definition)
  }

  /** Keeps `held`, evicting the least recently used of whoever has more than a fair share. */
  put(definition: string, tenant: string, id: string, held: Held<unknown>): void {
    const bytes = held.bytes + 2 * id.length + OVERHEAD_BYTES
    if (bytes > this.#maxBytes) return
    this.#partition(definition, tenant).set(id, { ...held, bytes }, { size: bytes })
    const share = this.#shares.get(tenant) as Share
    share.bytes += bytes
    this.bytes += bytes
    while (this.bytes > this.#maxBytes) this.#evictOne(tenant)
  }

  delete(definition: string, tenant: string, id: string): void {
    const partition = this.#byDefinition.get(definition)?.get(tenant)
    if (partition?.delete(id) === true && partition.size === 0) this.#drop(definition, tenant)
  }

  /** Forgets what a tenant holds, of one definition or of all. */
  clearTenant(tenant: string, definition?: string): void {
    const names = definition === undefined ? [...(this.#shares.get(tenant)?.partitions.keys() ?? [])] : [definition]
    for (const name of names) this.#drop(name, tenant)
  }

  clear(): void {
    for (const tenant of [...this.#shares.keys()]) this.clearTenant(tenant)
  }

  #ownPartitionsOf(definition: string): Map<string, Partition> {
    let partitions = this.#byDefinition.get(definition)
    if (partitions === undefined) this.#byDefinition.set(definition, (partitions = new Map()))
    return partitions
  }

  #partition(definition: string, tenant: string): Partition {
    const partitions = this.#ownPartitionsOf(definition)
    const known = partitions.get(tenant)
    if (known !== undefined) return known
    const share = this.#shares.get(tenant) ?? { bytes: 0, partitions: new Map() }
    this.#shares.set(tenant, share)
    const partition: Partition = new LRUCache<string, Held<unknown>>({
      maxSize: this.#maxBytes,
      dispose: (held, _id, reason) => {
        // Also what the partition evicts by itself, when one tenant alone fills the tier.
        if (reason === 'evict') this.evictions++
        share.bytes -= held.bytes
        this.bytes -= held.bytes
      },
    })
    partitions.set(tenant, partition)
    share.partitions.set(definition, partition)
    return partition
  }

  #drop(definition: string, tenant: string): void {
    const partition = this.#byDefinition.get(definition)?.get(tenant)
    if (partition === undefined) return
    partition.clear()
    this.#byDefinition.get(definition)?.delete(tenant)
    const share = this.#shares.get(tenant)
    share?.partitions.delete(definition)
    if (share?.partitions.size === 0) this.#shares.delete(tenant)
  }

  /** Over the bound, somebody has more than `maxBytes / tenants`: mostly whoever is writing. */
  #evictOne(writer: string): void {
    const fair = this.#maxBytes / this.#shares.size
    let victim = writer
    if ((this.#shares.get(writer)?.bytes ?? 0) <= fair) {
      for (const [tenant, share] of this.#shares) {
        if (share.bytes > fair) {
          victim = tenant
          break
        }
      }
    }
    let largest: [string, Partition] | undefined
    for (const one of this.#shares.get(victim)?.partitions ?? []) {
      if (largest === undefined || one[1].calculatedSize > largest[1].calculatedSize) largest = one
    }
    if (largest === undefined) return
    largest[1].pop()
    if (largest[1].size === 0) this.#drop(largest[0], victim)
  }
}
