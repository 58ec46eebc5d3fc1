/** `createPolicy`: a function that calls what is given to it under limits, for any dependency. */
import { isOpsError, noopMeter, systemClock, systemRandom } from '@ops/core'
import type { Verdict } from './attempt.ts'
import { runBounded } from './bounded.ts'
import type { BreakerState } from './breaker.ts'
import { createEngine } from './engine.ts'
import { CircuitOpenError, PolicyTimeoutError } from './errors.ts'
import { assertPolicyOptions, type PolicyOptions } from './options.ts'
import { createParts } from './parts.ts'

/** What the protected work is told. */
export interface PolicyAttempt {
  /** Aborted when the time is up or the caller gave up: pass it on. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly number: number
  /** Longest time of this attempt, in milliseconds. */
  readonly timeoutMs: number
}

/** What is known of a single call. */
export interface PolicyCallOptions {
  /** Gives the call up when it aborts. @defaultValue the context's signal alone */
  readonly signal?: AbortSignal | undefined
  /** Which of several servers is called; each has a breaker of its own. @defaultValue one for all */
  readonly authority?: string
}

/** Limits around calls, made by {@link createPolicy}. */
export interface Policy {
  /**
   * Calls `work`, again after a failure where the policy retries.
   *
   * @throws what `work` throws; PolicyTimeoutError, CircuitOpenError, BulkheadFullError, RateLimitedError; the signal's reason.
   */
  <T>(work: (attempt: PolicyAttempt) => T | PromiseLike<T>, options?: PolicyCallOptions): Promise<T>
  /** Worst state of its breakers; `closed` without one. */
  readonly state: BreakerState
  /** What it does, in order: one line a stage. */
  readonly stages: readonly string[]
  /** Refuses every call until what it returns is called. @throws TypeError without a breaker. */
  isolate(): () => void
  /** A check for a health endpoint, to be non-critical: rejects with CircuitOpenError while a breaker is open or isolated. */
  check(): Promise<void>
}

/**
 * Creates a policy. Safe to share: calls only meet in the bulkhead, the breaker and the budget.
 *
 * @throws TypeError or RangeError for options out of range or against each other; the message names both.
 * @example
 * const protect = createPolicy({ name: 'ledger', timeoutMs: 800, breaker: {} })
 * await protect(({ signal }) => ledger.post(entry, { signal }))
 */
export function createPolicy(options: PolicyOptions): Policy {
  assertPolicyOptions(options)
  const { name, clock = systemClock, random = systemRandom, meter = noopMeter } = options
  const { engine: parts, stages } = createParts({ ...options, clock, random, meter, ownsAvailability: true })
  const { breakers } = parts
  const execute = createEngine(parts)

  const policy = <T>(
    work: (attempt: PolicyAttempt) => T | PromiseLike<T>,
    { signal, authority = '' }: PolicyCallOptions = {},
  ): Promise<T> =>
    execute<T>({
      signal,
      authority,
      repeatable: true,
      run: ({ number, timeoutMs, signal: quicker }) =>
        runBounded((own) => work({ signal: own, number, timeoutMs }), {
          clock,
          timeoutMs,
          signal:
            signal === undefined || quicker === undefined ? (signal ?? quicker) : AbortSignal.any([signal, quicker]),
          timeoutError: () => new PolicyTimeoutError(name, timeoutMs),
        }),
      judgeResult: () => GOOD,
      judgeError,
    })

  return Object.defineProperty(
    Object.assign(policy, {
      stages,
      isolate() {
        if (breakers === undefined) throw new TypeError(`Cannot isolate ${name}: it has no breaker, expected one`)
        return breakers.isolate()
      },
      async check() {
        const state = breakers?.worst() ?? 'closed'
        if (state === 'open' || state === 'isolated') throw new CircuitOpenError(name, options.breaker?.openMs ?? 5_000)
      },
    }),
    'state',
    { get: () => breakers?.worst() ?? 'closed' },
  ) as Policy
}

/** What a policy does, one line a stage, outermost first: for documents and tests. */
export function describe(policy: { readonly stages: readonly string[] }): string {
  return policy.stages.map((stage, at) => `${at + 1}. ${stage}`).join('\n')
}

const GOOD: Verdict = { health: 'good' }

/** An error that a healthy dependency produces is an answer; everything else is a failure. */
function judgeError(error: unknown): Verdict {
  if (isOpsError(error) && error.expected) return GOOD
  return { health: 'bad', retry: isOpsError(error) && error.code.endsWith('_TIMEOUT') ? 'timeout' : 'error' }
}
