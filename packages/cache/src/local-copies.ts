/** What this process keeps of what came from Redis or a loader: decoded, fenced by the epoch at which it was asked for. */
import { decodeValue, expand, isCompressed } from './codec.ts'
import type { Entry } from './entry.ts'
import { deepFreeze } from './freeze.ts'
import type { DefinitionSettings } from './options.ts'
import type { CacheParts } from './parts.ts'
import type { ValueRef } from './read-batch.ts'
import type { Found } from './remote-tier.ts'

/** One value of one tenant (`''` is global). */
export interface Target extends ValueRef {
  readonly tenant: string
  readonly id: string
  readonly hash: number
}

/** The copies of one definition in the in-process tier. */
export class LocalCopies<V> {
  readonly #parts: CacheParts
  readonly #settings: DefinitionSettings<V>

  constructor(parts: CacheParts, settings: DefinitionSettings<V>) {
    this.#parts = parts
    this.#settings = settings
  }

  /** Decodes a valid entry and keeps it in this process; undefined when there is none or it cannot be read. */
  async take(target: Target, found: Found, epoch: number): Promise<{ value: V; fresh: boolean } | undefined> {
    if (found.entry === undefined) return undefined
    const { entry, remainingMs } = found
    let value: V
    try {
      value = await this.#decode(entry)
    } catch (error) {
      this.#parts.logger.warn({ cache: this.#settings.name, error }, 'cached value could not be decoded')
      return undefined
    }
    const fresh = remainingMs > 0
    if (fresh)
      this.keep(target, epoch, {
        value,
        token: entry.token,
        remainingMs,
        loadMs: entry.loadMs,
        bytes: entry.encoded.payload.length,
      })
    return { value, fresh }
  }

  async #decode(entry: Entry): Promise<V> {
    const { encoded } = entry
    const value = decodeValue(isCompressed(encoded) ? await expand(encoded, this.#parts.maxValueBytes) : encoded) as V
    return this.#parts.freezeValues ? deepFreeze(value) : value
  }

  /** Keeps a value in this process, unless something was invalidated since `epoch`. */
  keep(
    target: Target,
    epoch: number,
    entry: {
      readonly value: V
      readonly token: string
      readonly remainingMs: number
      readonly loadMs: number
      readonly bytes: number
    },
  ): void {
    const parts = this.#parts
    if (!parts.hasProcessTier || parts.epochs.of(target.hash) !== epoch) return
    const freshUntil = parts.clock.monotonic() + entry.remainingMs
    // XFetch, drawn once for each process instead of at each read: a hit then costs one comparison.
    const early = this.#settings.earlyRefresh * entry.loadMs * -Math.log(1 - parts.random.next())
    parts.local.put(this.#settings.name, target.tenant, target.id, {
      value: entry.value,
      promise: Promise.resolve(entry.value),
      token: entry.token,
      bytes: entry.bytes,
      refreshAt: freshUntil - Math.min(early, entry.remainingMs),
      freshUntil,
      staleUntil: this.#settings.staleMs === 0 ? 0 : freshUntil + this.#settings.staleMs,
    })
  }
}
