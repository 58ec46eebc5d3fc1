/** A clock that stands still until a test moves it: timers run in due order, with everything pending settled between two of them. */
import type { Clock, Timer } from '@ops/core'
import { TestTimeoutError } from './errors.ts'

/** What a {@link TestClock} starts with. */
export interface TestClockOptions {
  /** Wall time at the start, milliseconds since the Unix epoch. Any finite number. @defaultValue 1_767_225_600_000 (2026-01-01T00:00:00Z) */
  readonly startMs?: number
}

/** A clock owned by the test. */
export interface TestClock extends Clock {
  /** Timers that are set and neither fired nor cancelled; an interval counts as one. */
  readonly pendingTimers: number
  /**
   * Moves both times forward by `ms`, running what falls due in due order (first set first among equals).
   * Before, between and after two timers one turn of the event loop passes, so promises settle and new timers take part.
   * Concurrent calls run one after the other.
   *
   * @throws whatever a timer's callback throws, at that timer's moment.
   */
  advance(ms: number): Promise<void>
  /**
   * Resolves as soon as at least `count` timers are pending.
   *
   * @throws TestTimeoutError after `timeoutMs` real milliseconds (default 5000).
   */
  waitForTimers(count: number, options?: { readonly timeoutMs?: number }): Promise<void>
  /** Moves the wall time alone by `ms`, which may be negative: what NTP or an operator does. No timer fires. */
  jump(ms: number): void
}

interface Entry {
  readonly callback: () => void
  readonly periodMs: number | undefined
  due: number
  order: number
}

const MAX_DELAY_MS = 2_147_483_647
const START_MONOTONIC = 1000
// Taken at import, so that a runner's fake timers cannot stop this clock.
const { setImmediate: nextTurn, setTimeout: realTimeout, clearTimeout: clearRealTimeout } = globalThis

const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve))

class ManualClock implements TestClock {
  #wall: number
  #monotonic = START_MONOTONIC
  #order = 0
  #moving: Promise<void> = Promise.resolve()
  readonly #timers = new Set<Entry>()
  readonly #waiters = new Set<() => void>()

  constructor(startMs: number) {
    this.#wall = startMs
  }

  get pendingTimers(): number {
    return this.#timers.size
  }
  now(): number {
    return this.#wall
  }
  monotonic(): number {
    return this.#monotonic
  }
  setTimeout(callback: () => void, delayMs: number): Timer {
    return this.#schedule(callback, assertDelay(delayMs, 0), undefined)
  }
  setInterval(callback: () => void, periodMs: number): Timer {
    return this.#schedule(callback, assertDelay(periodMs, 1), periodMs)
  }
  jump(ms: number): void {
    this.#wall += ms
  }

  advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      return Promise.reject(new RangeError(`Cannot advance the clock by ${ms} ms: expected a finite number >= 0`))
    }
    const moved = this.#moving.then(() => this.#moveBy(ms))
    this.#moving = moved.catch(() => {})
    return moved
  }

  async #moveBy(ms: number): Promise<void> {
    await turn()
    const target = this.#monotonic + ms
    for (let next = this.#nextDue(target); next !== undefined; next = this.#nextDue(target)) {
      this.#moveTo(next.due)
      this.#fire(next)
      await turn()
    }
    this.#moveTo(target)
    await turn()
  }

  #fire(entry: Entry): void {
    if (entry.periodMs === undefined) this.#timers.delete(entry)
    else {
      entry.due += entry.periodMs
      entry.order = this.#order++
    }
    entry.callback()
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic
    this.#monotonic = monotonic
  }

  #nextDue(until: number): Entry | undefined {
    let first: Entry | undefined
    for (const entry of this.#timers) {
      if (entry.due > until) continue
      if (first === undefined || entry.due < first.due || (entry.due === first.due && entry.order < first.order)) {
        first = entry
      }
    }
    return first
  }

  #schedule(callback: () => void, delayMs: number, periodMs: number | undefined): Timer {
    const entry: Entry = { callback, periodMs, due: this.#monotonic + delayMs, order: this.#order++ }
    this.#timers.add(entry)
    for (const check of [...this.#waiters]) check()
    return { cancel: () => void this.#timers.delete(entry) }
  }

  waitForTimers(count: number, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#timers.size >= count) return Promise.resolve()
    const { timeoutMs = 5000 } = options
    return new Promise((resolve, reject) => {
      const check = () => {
        if (this.#timers.size < count) return
        done()
        resolve()
      }
      const expired = realTimeout(() => {
        done()
        reject(new TestTimeoutError(`${count} timers`, timeoutMs, `${this.#timers.size} pending`))
      }, timeoutMs)
      const done = () => {
        this.#waiters.delete(check)
        clearRealTimeout(expired)
      }
      this.#waiters.add(check)
    })
  }
}

function assertDelay(ms: number, min: number): number {
  if (ms >= min && ms <= MAX_DELAY_MS) return ms
  throw new RangeError(`Cannot set a timer of ${ms} ms: expected ${min} to ${MAX_DELAY_MS}`)
}

/**
 * Creates a clock that stands still until `advance`.
 *
 * @throws RangeError when `startMs` is not finite.
 * @example
 * const clock = createTestClock()
 * const done = sleep(30_000, { clock })
 * await clock.advance(30_000)
 * await done
 */
export function createTestClock(options: TestClockOptions = {}): TestClock {
  const { startMs = Date.UTC(2026, 0, 1) } = options
  if (!Number.isFinite(startMs)) throw new RangeError(`Cannot start a clock at ${startMs}: expected a finite number`)
  return new ManualClock(startMs)
}
