/** `createConcurrencyLimiter`: as many calls at once as latency allows, the least important refused first. For clients and servers. */
import { type Clock, type Meter, noopMeter, type Random, systemClock, systemRandom } from '@ops/core'
import { assertInteger, assertName, assertNumber } from './assert.ts'
import { Gradient } from './gradient.ts'
import { resilienceMetrics } from './metrics.ts'

/** Importance of a call, least first; `critical` is never refused. The words are those of `@ops/health`. */
export const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const
/** One of {@link PRIORITIES}. */
export type Priority = (typeof PRIORITIES)[number]
type Refusable = Exclude<Priority, 'critical'>

/** How far a limit may move, and how fast. */
export interface AdaptiveOptions {
  /** Calls at once before anything is known, `minLimit` to `maxLimit`. @defaultValue 20, within the two */
  readonly initialLimit?: number
  /** Calls at once that are always allowed, 1 to 1_000_000. @defaultValue 10 */
  readonly minLimit?: number
  /** Calls at once that are never exceeded, `minLimit` to 1_000_000. @defaultValue 1_000 */
  readonly maxLimit?: number
  /** How long is looked at before the limit moves, in milliseconds, 10 to 60_000; longer while fewer than ten calls ended. @defaultValue 250 */
  readonly windowMs?: number
}

/** Whose calls are limited. */
export interface ConcurrencyLimiterOptions extends AdaptiveOptions {
  /** The `limiter` label. */
  readonly name: string
  /** True while the process has too much to do for another reason: the limit then falls. `() => health.status().overloaded` for a server. @defaultValue never */
  readonly overloaded?: () => boolean
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** Spreads `retryAfterMs`. @defaultValue the system's */
  readonly random?: Random | undefined
}

/** Limits the calls that run at once. `admit`, then `enter` and `leave` for each call that was admitted. */
export interface ConcurrencyLimiter {
  readonly name: string
  /** Calls that may run at once, as learnt so far. */
  readonly limit: number
  /** Calls that run right now. */
  readonly inFlight: number
  /** Undefined when there is room, else how long to stay away. Unknown priorities count as `normal`. @defaultValue 'normal' */
  admit(priority?: string): { readonly retryAfterMs: number } | undefined
  /** A call begins. */
  enter(): void
  /**
   * It ended after `durationMs`; undefined for a failure, whose duration says nothing about capacity. `dropped` when it was
   * given up or refused for want of capacity.
   */
  leave(durationMs: number | undefined, dropped?: boolean): void
}

/** Share of the limit that calls of a priority may fill; each above a half, for a limit that is half used does not grow. */
const SHARES: Readonly<Record<string, number>> = { low: 0.6, normal: 0.8, high: 1, critical: Infinity }
const MINIMUM_SAMPLES = 10
const RETRY_AFTER_MS = 1_000

/**
 * Creates a limiter. A limit of its own process: share one between all calls to one dependency, or all requests of one server.
 *
 * @throws TypeError or RangeError for options out of range or against each other.
 */
export function createConcurrencyLimiter(options: ConcurrencyLimiterOptions): ConcurrencyLimiter {
  assertConcurrencyOptions(options.name, options)
  return new Limiter(options)
}

class Limiter implements ConcurrencyLimiter {
  readonly name: string
  inFlight = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #overloaded: () => boolean
  readonly #windowMs: number
  readonly #gradient: Gradient
  readonly #refused: Record<Refusable, number> = { low: 0, normal: 0, high: 0 }
  #windowEndsAt: number
  #ended = 0
  #sumMs = 0
  #most = 0
  #dropped = false

  constructor({ name, overloaded = () => false, meter = noopMeter, ...options }: ConcurrencyLimiterOptions) {
    const { clock = systemClock, random = systemRandom, windowMs = 250 } = options
    this.name = name
    this.#clock = clock
    this.#random = random
    this.#overloaded = overloaded
    this.#windowMs = windowMs
    this.#gradient = new Gradient(limitsOf(options))
    this.#windowEndsAt = clock.monotonic() + windowMs
    this.#record(meter)
  }

  get limit(): number {
    return this.#gradient.limit
  }

  admit(priority = 'normal'): { readonly retryAfterMs: number } | undefined {
    const known = Object.hasOwn(SHARES, priority) ? priority : 'normal'
    // One call is always let through: without calls nothing would be learnt.
    if (this.inFlight < Math.max(1, this.limit * (SHARES[known] as number))) return undefined
    this.#refused[known as Refusable]++
    // Spread, so that those refused do not come back together.
    return { retryAfterMs: Math.round(RETRY_AFTER_MS * (1 + 2 * this.#random.next())) }
  }

  enter(): void {
    if (++this.inFlight > this.#most) this.#most = this.inFlight
  }

  leave(durationMs: number | undefined, dropped = false): void {
    this.inFlight--
    if (durationMs === undefined) return
    this.#ended++
    this.#sumMs += durationMs
    if (dropped) this.#dropped = true
    if (this.#ended >= MINIMUM_SAMPLES && this.#clock.monotonic() >= this.#windowEndsAt) this.#learn()
  }

  #learn(): void {
    // A mean of nothing would divide by it.
    const meanMs = Math.max(0.001, this.#sumMs / this.#ended)
    this.#gradient.update({ meanMs, inFlight: this.#most, dropped: this.#dropped || this.#overloaded() })
    this.#ended = this.#sumMs = 0
    this.#most = this.inFlight
    this.#dropped = false
    this.#windowEndsAt = this.#clock.monotonic() + this.#windowMs
  }

  #record(meter: Meter): void {
    const { concurrencyLimit, concurrencyInUse, concurrencyRefused } = meter.instruments(resilienceMetrics)
    const limiter = this.name
    const collect = () => {
      concurrencyLimit.set({ limiter }, this.limit)
      concurrencyInUse.set({ limiter }, this.inFlight)
      for (const priority of ['low', 'normal', 'high'] as const) {
        if (this.#refused[priority] > 0) concurrencyRefused.inc({ limiter, priority }, this.#refused[priority])
        this.#refused[priority] = 0
      }
    }
    meter.onCollect(collect, { name: `concurrency limit ${limiter}` })
  }
}

function limitsOf({
  minLimit = 10,
  maxLimit = 1_000,
  initialLimit,
}: AdaptiveOptions): Required<Omit<AdaptiveOptions, 'windowMs'>> {
  return { minLimit, maxLimit, initialLimit: initialLimit ?? Math.min(maxLimit, Math.max(minLimit, 20)) }
}

/** @throws TypeError or RangeError for options out of range or against each other. */
export function assertConcurrencyOptions(name: string, options: AdaptiveOptions): void {
  assertName('a concurrency limiter', name)
  const what = `concurrency limiter ${name}`
  const { minLimit, maxLimit, initialLimit } = limitsOf(options)
  assertInteger(what, 'minLimit', minLimit, 1, 1_000_000)
  assertInteger(what, 'maxLimit', maxLimit, minLimit, 1_000_000)
  assertInteger(what, 'initialLimit', initialLimit, minLimit, maxLimit)
  assertNumber(what, 'windowMs', options.windowMs ?? 250, 10, 60_000)
}
