/** The breaker: a failure ratio over a sliding window opens it, a few samples decide whether it closes again. */
import type { Clock } from '@ops/core'
import { CircuitOpenError } from './errors.ts'

/** When a breaker opens and for how long. */
export interface BreakerOptions {
  /** Share of failed calls in the window that opens it, 0.001 to 1. @defaultValue 0.5 */
  readonly failureRatio?: number
  /** Length of the window in milliseconds, 100 to 3_600_000. @defaultValue 10_000 */
  readonly windowMs?: number
  /** Calls the window must hold before the ratio counts, 1 to 1_000_000. @defaultValue 20 */
  readonly minimumCalls?: number
  /** How long it stays open before it samples, in milliseconds, 1 to 3_600_000. @defaultValue 5_000 */
  readonly openMs?: number
  /** Calls let through half-open; all must succeed for it to close, 1 to 1_000. @defaultValue 3 */
  readonly samples?: number
}

/** Where a breaker stands. */
export type BreakerState = 'closed' | 'half-open' | 'open' | 'isolated'

/** What a call says about the dependency; `unknown` for one that was aborted. */
export type CallHealth = 'good' | 'bad' | 'unknown'

/** States a breaker gets into by what its calls came to. */
export const TRANSITIONS = ['open', 'half-open', 'closed'] as const
/** Told each time a breaker changes its state. */
export type OnTransition = (state: (typeof TRANSITIONS)[number]) => void

const SLICES = 10

/** Counts of the calls in the last `windowMs`, in ten slices. */
class FailureWindow {
  readonly #sliceMs: number
  readonly #good: number[] = new Array<number>(SLICES).fill(0)
  readonly #bad: number[] = new Array<number>(SLICES).fill(0)
  #slice = 0
  good = 0
  bad = 0

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES
  }

  add(failed: boolean, now: number): void {
    this.#moveTo(Math.floor(now / this.#sliceMs))
    const at = this.#slice % SLICES
    if (failed) {
      this.#bad[at] = (this.#bad[at] as number) + 1
      this.bad++
    } else {
      this.#good[at] = (this.#good[at] as number) + 1
      this.good++
    }
  }

  clear(): void {
    this.#good.fill(0)
    this.#bad.fill(0)
    this.good = this.bad = 0
  }

  #moveTo(slice: number): void {
    if (slice - this.#slice >= SLICES) this.clear()
    else for (let gone = this.#slice + 1; gone <= slice; gone++) this.#drop(gone % SLICES)
    this.#slice = slice
  }

  #drop(at: number): void {
    this.good -= this.#good[at] as number
    this.bad -= this.#bad[at] as number
    this.#good[at] = this.#bad[at] = 0
  }
}

/**
 * One breaker. `enter` before a call, `leave` with its ticket after: results of calls that began in an earlier state say
 * nothing about the present one and are ignored.
 */
export class Breaker {
  readonly #name: string
  readonly #options: Required<BreakerOptions>
  readonly #clock: Clock
  readonly #window: FailureWindow
  readonly #onTransition: OnTransition
  #state: 'closed' | 'half-open' | 'open' = 'closed'
  /** Raised at each change of state: a ticket is the number it was given under. */
  #generation = 0
  #openedAt = 0
  #running = 0
  #succeeded = 0
  #isolations = 0

  constructor(name: string, options: Required<BreakerOptions>, clock: Clock, onTransition: OnTransition = () => {}) {
    this.#name = name
    this.#options = options
    this.#clock = clock
    this.#window = new FailureWindow(options.windowMs)
    this.#onTransition = onTransition
  }

  /** The present state; an open one whose time is up shows as half-open. */
  get state(): BreakerState {
    if (this.#isolations > 0) return 'isolated'
    return this.#state === 'open' && this.#opensForMs() <= 0 ? 'half-open' : this.#state
  }

  /** Lets a call through and returns its ticket. @throws CircuitOpenError when it does not. */
  enter(): number {
    if (this.#isolations > 0) throw new CircuitOpenError(this.#name, this.#options.openMs)
    if (this.#state === 'closed') return this.#generation
    if (this.#state === 'open') {
      const waitMs = this.#opensForMs()
      if (waitMs > 0) throw new CircuitOpenError(this.#name, waitMs)
      this.#become('half-open')
    }
    if (this.#running + this.#succeeded >= this.#options.samples) {
      throw new CircuitOpenError(this.#name, this.#options.openMs)
    }
    this.#running++
    return this.#generation
  }

  /** Takes the result of the call that got `ticket`. */
  leave(ticket: number, health: CallHealth): void {
    if (ticket !== this.#generation) return
    if (this.#state === 'half-open') this.#sample(health)
    else if (health !== 'unknown') this.#count(health === 'bad')
  }

  /** Lets nothing through until what it returns was called. Several may isolate at once. */
  isolate(): () => void {
    this.#isolations++
    let held = true
    return () => {
      if (held) this.#isolations--
      held = false
    }
  }

  #count(failed: boolean): void {
    const now = this.#clock.monotonic()
    this.#window.add(failed, now)
    const { good, bad } = this.#window
    const { minimumCalls, failureRatio } = this.#options
    if (failed && good + bad >= minimumCalls && bad >= failureRatio * (good + bad)) this.#become('open')
  }

  #sample(health: CallHealth): void {
    this.#running--
    if (health === 'bad') this.#become('open')
    else if (health === 'good' && ++this.#succeeded >= this.#options.samples) this.#become('closed')
  }

  #become(state: 'closed' | 'half-open' | 'open'): void {
    this.#state = state
    this.#generation++
    this.#running = this.#succeeded = 0
    this.#window.clear()
    if (state === 'open') this.#openedAt = this.#clock.monotonic()
    this.#onTransition(state)
  }

  #opensForMs(): number {
    return this.#openedAt + this.#options.openMs - this.#clock.monotonic()
  }
}
