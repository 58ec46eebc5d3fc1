/** Options of a policy: defaults, and what must hold between them. */
import type { Clock, Meter, Random, WorkContext } from '@ops/core'
import { assertInteger, assertName, assertNumber } from './assert.ts'
import type { BackoffOptions } from './backoff.ts'
import type { BreakerOptions } from './breaker.ts'
import type { BulkheadOptions } from './bulkhead.ts'
import { type AdaptiveOptions, assertConcurrencyOptions, type Priority } from './concurrency-limiter.ts'
import type { HedgeOptions } from './hedge.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { RetryBudget } from './retry-budget.ts'

/** How a policy retries. */
export interface RetryOptions extends BackoffOptions {
  /** Attempts after the first, 0 to 10. @defaultValue 2 */
  readonly retries?: number
  /** Keeps retries a fraction of the calls; share one between policies of one dependency. @defaultValue one of its own: 20 % of calls, at least 3 a second */
  readonly budget?: RetryBudget | undefined
}

/** A learnt limit of attempts at once. */
export interface ConcurrencyOptions extends AdaptiveOptions {
  /** Importance of the calls of a unit of work: with little room the least important are refused. @defaultValue 'normal' for all */
  readonly priority?: (context: WorkContext | undefined) => Priority
}

/** What a policy does. A part that is not named takes no part. */
export interface PolicyOptions {
  /** Name of what it protects: the `policy` and `dependency` label. */
  readonly name: string
  /** Longest time of a call with its waits and retries, in milliseconds, 1 to 2_147_483_647; the context's deadline may shorten it. @defaultValue none of its own */
  readonly timeoutMs?: number
  /** Longest time of one attempt, in milliseconds, 1 to 2_147_483_647, below `timeoutMs`. @defaultValue `timeoutMs` */
  readonly attemptTimeoutMs?: number
  /** Calls at once. @defaultValue as many as come */
  readonly bulkhead?: BulkheadOptions
  /** Attempts at once, as many as their latency allows. @defaultValue as many as come */
  readonly concurrency?: ConcurrencyOptions | undefined
  /** @defaultValue none */
  readonly breaker?: BreakerOptions
  /** Repeats failed attempts: name it only where what is called may run twice. @defaultValue none */
  readonly retry?: RetryOptions
  /** Sends a slow attempt a second time, out of the budget of the retries: name it only where what is called may run twice. @defaultValue never */
  readonly hedge?: HedgeOptions | undefined
  /** Refuses calls beyond its limit; the key is the policy's name. @defaultValue none */
  readonly limiter?: RateLimiter | undefined
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** Spreads the backoff. @defaultValue the system's */
  readonly random?: Random | undefined
}

const MAX_MS = 2_147_483_647
const MAX_WINDOW_MS = 3_600_000

/** A breaker's options with their defaults. */
export function breakerOptions(options: BreakerOptions): Required<BreakerOptions> {
  return { failureRatio: 0.5, windowMs: 10_000, minimumCalls: 20, openMs: 5_000, samples: 3, ...options }
}

/** A backoff's options with their defaults. */
export function backoffOptions({ baseMs = 50, maxMs = 2_000 }: BackoffOptions): Required<BackoffOptions> {
  return { baseMs, maxMs }
}

/** @throws TypeError or RangeError naming what is out of range, or both options that contradict each other. */
export function assertPolicyOptions(options: PolicyOptions): void {
  assertName('a policy', options.name)
  const what = `policy ${options.name}`
  const { timeoutMs, attemptTimeoutMs } = options
  if (timeoutMs !== undefined) assertNumber(what, 'timeoutMs', timeoutMs, 1, MAX_MS)
  if (attemptTimeoutMs !== undefined) assertNumber(what, 'attemptTimeoutMs', attemptTimeoutMs, 1, MAX_MS)
  if (timeoutMs !== undefined && attemptTimeoutMs !== undefined && attemptTimeoutMs >= timeoutMs) {
    throw contradiction(what, `attemptTimeoutMs is ${attemptTimeoutMs}`, `below timeoutMs (${timeoutMs})`)
  }
  if (options.bulkhead !== undefined) assertBulkhead(what, options.bulkhead)
  if (options.breaker !== undefined) assertBreaker(what, breakerOptions(options.breaker), attemptTimeoutMs ?? timeoutMs)
  if (options.retry !== undefined) assertRetry(what, options.retry)
  if (options.concurrency !== undefined) assertConcurrencyOptions(options.name, options.concurrency)
  if (options.hedge !== undefined) assertHedge(what, options.hedge, attemptTimeoutMs ?? timeoutMs)
}

function assertHedge(what: string, { afterMs }: HedgeOptions, attemptTimeoutMs = MAX_MS): void {
  assertNumber(what, 'hedge.afterMs', afterMs, 1, MAX_MS)
  if (afterMs >= attemptTimeoutMs) {
    throw contradiction(what, `hedge.afterMs is ${afterMs}`, `below the time of an attempt (${attemptTimeoutMs})`)
  }
}

function assertBulkhead(what: string, { concurrent, queue = 0 }: BulkheadOptions): void {
  assertInteger(what, 'bulkhead.concurrent', concurrent, 1, 1_000_000)
  assertInteger(what, 'bulkhead.queue', queue, 0, 1_000_000)
}

function assertBreaker(what: string, breaker: Required<BreakerOptions>, attemptTimeoutMs: number | undefined): void {
  assertNumber(what, 'breaker.failureRatio', breaker.failureRatio, 0.001, 1)
  assertNumber(what, 'breaker.windowMs', breaker.windowMs, 100, MAX_WINDOW_MS)
  assertInteger(what, 'breaker.minimumCalls', breaker.minimumCalls, 1, 1_000_000)
  assertNumber(what, 'breaker.openMs', breaker.openMs, 1, MAX_WINDOW_MS)
  assertInteger(what, 'breaker.samples', breaker.samples, 1, 1_000)
  if (attemptTimeoutMs !== undefined && breaker.windowMs < 2 * attemptTimeoutMs) {
    const rule = `at least twice the time of an attempt (${attemptTimeoutMs})`
    throw contradiction(what, `breaker.windowMs is ${breaker.windowMs}`, rule)
  }
}

function assertRetry(what: string, retry: RetryOptions): void {
  const { baseMs, maxMs } = backoffOptions(retry)
  assertInteger(what, 'retry.retries', retry.retries ?? 2, 0, 10)
  assertNumber(what, 'retry.baseMs', baseMs, 0, 60_000)
  assertNumber(what, 'retry.maxMs', maxMs, baseMs, 600_000)
}

function contradiction(what: string, given: string, rule: string): RangeError {
  return new RangeError(`Cannot create ${what}: ${given}, expected ${rule}`)
}
