/** What happens when the in-process tier has no answer: Redis, then the lease, then the loader, or a stale value in between. */
import { isOpsError, sleep } from '@ops/core'
import { CacheLoadTimeoutError, RedisSilentError } from './errors.ts'
import type { Loaded, Loader } from './loader.ts'
import { LocalCopies, type Target } from './local-copies.ts'
import { NextLoad } from './next-load.ts'
import type { DefinitionSettings } from './options.ts'
import type { CacheParts } from './parts.ts'
import type { Held } from './process-tier.ts'
import type { Found, Lease } from './remote-tier.ts'
import { type Prepared, prepareValue } from './store-value.ts'
import type { DefinitionFigures } from './telemetry.ts'

/** What a resolver works with besides the shared parts. */
export interface ResolverOptions<V> {
  readonly parts: CacheParts
  readonly settings: DefinitionSettings<V>
  readonly loader: Loader<V>
  readonly figures: DefinitionFigures
}

interface Flight<V> {
  callers: number
  readonly promise: Promise<V>
}

/** What is known while a flight is under way. */
interface Attempt<V> {
  readonly flight: Flight<V>
  readonly epoch: number
  readonly startedAt: number
  stale?: Stale<V> | undefined
  counted?: boolean
}

interface Stale<V> {
  readonly value: V
}

/** A lease outlives its load by the time encoding and writing may take. */
const LEASE_MARGIN_MS = 1_000
const FIRST_POLL_MS = 10
/** Values found instead of a lease, one after the other, each of them invalid: something else writes there. */
const MAX_SURPRISES = 10
const MAX_POLL_MS = 100

/** Answers reads that the in-process tier could not. */
export class Resolver<V> {
  readonly #parts: CacheParts
  readonly #settings: DefinitionSettings<V>
  readonly #loader: Loader<V>
  readonly #figures: DefinitionFigures
  readonly #copies: LocalCopies<V>
  /** Flights whose read has not been sent: whoever joins gets an answer no older than its own would be. */
  readonly #joinable = new Map<string, Flight<V>>()
  /** Loads under a lease of this process, by its token. */
  readonly #loads = new Map<string, Promise<V>>()
  /** Loads without Redis. */
  readonly #alone = new NextLoad<V>()

  constructor(options: ResolverOptions<V>) {
    this.#parts = options.parts
    this.#settings = options.settings
    this.#loader = options.loader
    this.#figures = options.figures
    this.#copies = new LocalCopies(options.parts, options.settings)
  }

  /** The value of `target`; `held` is what this process still has of it. */
  resolve(target: Target, held: Held<V> | undefined): Promise<V> {
    const joined = this.#joinable.get(target.key)
    if (joined !== undefined) {
      joined.callers++
      return joined.promise
    }
    const flight: { callers: number; promise: Promise<V> } = { callers: 1, promise: undefined as never }
    this.#joinable.set(target.key, flight)
    flight.promise = this.#fly(target, held, flight)
    return flight.promise
  }

  /** Loads anew in the background, unless somebody does already. */
  async refresh(target: Target, seen: string): Promise<void> {
    try {
      const epoch = this.#parts.epochs.of(target.hash)
      const acquired = await this.#parts.remote.acquire(target, seen, this.#leaseMs)
      if (acquired.state === 'granted') await this.#loadUnder(target, acquired.lease, epoch)
      else if (acquired.state === 'found') await this.#copies.take(target, acquired.found, epoch)
    } catch (error) {
      this.#parts.logger.debug({ cache: this.#settings.name, error }, 'early refresh failed')
    }
  }

  get #leaseMs(): number {
    return this.#settings.hardMs + LEASE_MARGIN_MS
  }

  async #fly(target: Target, held: Held<V> | undefined, flight: Flight<V>): Promise<V> {
    const leave = () => {
      if (this.#joinable.get(target.key) === flight) this.#joinable.delete(target.key)
    }
    const { clock, epochs, remote } = this.#parts
    const attempt: Attempt<V> = { flight, epoch: epochs.of(target.hash), startedAt: clock.monotonic() }
    try {
      return await this.#answer(target, await remote.read(target, leave), attempt)
    } catch (error) {
      leave()
      if (!(error instanceof RedisSilentError)) throw error
      this.#count(attempt, 'l2Unavailable')
      return this.#withoutRedis(target, attempt.stale ?? this.#staleHeld(held))
    }
  }

  /** Judges what was found, and loads or waits for whoever loads until there is something to return. */
  async #answer(target: Target, first: Found, attempt: Attempt<V>): Promise<V> {
    let found = first
    let surprises = 0
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 1.5, MAX_POLL_MS)) {
      const taken = await this.#copies.take(target, found, attempt.epoch)
      if (taken?.fresh === true) {
        this.#count(attempt, 'l2Hits')
        return taken.value
      }
      attempt.stale = taken
      const seen = found.entry?.token ?? ('seen' in found ? found.seen : '')
      const acquired = await this.#parts.remote.acquire(target, seen, this.#leaseMs)
      if (acquired.state === 'found') {
        if (++surprises === MAX_SURPRISES) throw new RedisSilentError('values change faster than they can be judged')
        found = acquired.found
        continue
      }
      this.#count(attempt, taken === undefined ? 'l2Misses' : 'l2Stale')
      const loading =
        acquired.state === 'granted'
          ? this.#loadUnder(target, acquired.lease, attempt.epoch)
          : this.#loads.get(acquired.holder)
      if (loading !== undefined) return this.#orStale(loading, taken)
      if (taken !== undefined) return taken.value
      found = await this.#waitForOther(target, attempt.startedAt, pollMs)
    }
  }

  /** Counts the first outcome, for all who joined. */
  #count(attempt: Attempt<V>, outcome: 'l2Hits' | 'l2Stale' | 'l2Misses' | 'l2Unavailable'): void {
    if (attempt.counted !== true) this.#figures[outcome] += attempt.flight.callers
    attempt.counted = true
  }

  /** Another process loads: looks again after a while. */
  async #waitForOther(target: Target, startedAt: number, pollMs: number): Promise<Found> {
    const { clock, random, remote } = this.#parts
    const budgetMs = this.#leaseMs + MAX_POLL_MS
    if (clock.monotonic() - startedAt > budgetMs) throw new CacheLoadTimeoutError(this.#settings.name, budgetMs)
    await sleep(pollMs * (0.5 + random.next() / 2), { clock })
    return remote.read(target, () => {})
  }

  #loadUnder(target: Target, lease: Lease, epoch: number): Promise<V> {
    const loading = this.#loadAndFill(target, lease, epoch).finally(() => this.#loads.delete(lease.token))
    loading.catch(() => {})
    this.#loads.set(lease.token, loading)
    return loading
  }

  async #loadAndFill(target: Target, lease: Lease, epoch: number): Promise<V> {
    const giveBack = () => void this.#parts.remote.release(target, lease).catch(() => {})
    let loaded: Loaded<V>
    try {
      loaded = await this.#load(target)
    } catch (error) {
      giveBack()
      throw error
    }
    const prepared = await prepareValue(this.#parts, this.#settings, target, loaded)
    if ('rejected' in prepared) {
      giveBack()
      this.#reject(prepared)
      return prepared.value
    }
    await this.#fill(target, lease, epoch, prepared)
    return prepared.value
  }

  async #fill(
    target: Target,
    lease: Lease,
    epoch: number,
    prepared: Extract<Prepared<V>, { tail: unknown }>,
  ): Promise<void> {
    try {
      const result = await this.#parts.remote.fill(target, lease, prepared.tail, prepared.keepMs)
      if (result !== 'written') return this.#figures.rejectFill(result)
    } catch (error) {
      if (!(error instanceof RedisSilentError)) throw error
      return this.#figures.rejectFill('unavailable')
    }
    const { freshMs, loadMs } = prepared.tail
    this.#copies.keep(target, epoch, {
      value: prepared.value,
      token: lease.token,
      remainingMs: freshMs,
      loadMs,
      bytes: prepared.bytes,
    })
  }

  #reject(prepared: Extract<Prepared<V>, { rejected: unknown }>): void {
    if (prepared.rejected === 'not_wanted') return
    this.#figures.rejectFill(prepared.rejected)
    const { rejected: reason, cause: error } = prepared
    this.#parts.logger.warn({ cache: this.#settings.name, reason, error }, 'loaded value was not cached')
  }

  async #load(target: Target): Promise<Loaded<V>> {
    const { loads } = this.#figures
    try {
      const loaded = await this.#loader(target.tenant, target.id)
      loads[loaded.value === undefined || loaded.value === null ? 'absent' : 'ok']++
      return loaded
    } catch (error) {
      loads[isOpsError(error, 'OPS_CACHE_LOAD_TIMEOUT') ? 'timeout' : 'error']++
      throw error
    }
  }

  /** The loader alone: nothing it brings may be kept. */
  #withoutRedis(target: Target, stale: Stale<V> | undefined): Promise<V> {
    const loading = this.#alone.run(target.key, () => this.#load(target).then(({ value }) => value))
    return this.#orStale(loading, stale)
  }

  #staleHeld(held: Held<V> | undefined): Stale<V> | undefined {
    return held !== undefined && this.#parts.clock.monotonic() < held.staleUntil ? held : undefined
  }

  /** Fail-safe and soft timeout: a stale value stands in for a load that fails or is slow. */
  async #orStale(loading: Promise<V>, stale: Stale<V> | undefined): Promise<V> {
    if (stale === undefined) return loading
    const settled = loading.catch(() => stale.value)
    const { softMs } = this.#settings
    if (softMs === 0) return stale.value
    let timer = { cancel() {} }
    const late = new Promise<V>((resolve) => {
      timer = this.#parts.clock.setTimeout(() => resolve(stale.value), softMs)
    })
    return Promise.race([settled, late]).finally(() => timer.cancel())
  }
}
