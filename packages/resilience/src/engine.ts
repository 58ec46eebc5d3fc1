/** The order of things around a call: rate limit, bulkhead, total time, then for each attempt the budget, the breaker and its own time. */
import { type Clock, currentContext, isOpsError, type Random, sleep } from '@ops/core'
import { type BackoffOptions, backoffMs } from './backoff.ts'
import type { CallHealth } from './breaker.ts'
import type { Breakers } from './breakers.ts'
import type { Bulkhead } from './bulkhead.ts'
import { PolicyTimeoutError, RateLimitedError } from './errors.ts'
import type { Outcome } from './metrics.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Telemetry } from './telemetry.ts'

/** What an engine is made of; what is absent takes no part. */
export interface EngineParts {
  readonly name: string
  readonly totalTimeoutMs: number
  readonly attemptTimeoutMs: number
  readonly retries: number
  readonly backoff: Required<BackoffOptions>
  readonly budget: RetryBudget
  readonly breakers: Breakers | undefined
  readonly bulkhead: Bulkhead | undefined
  readonly limiter: RateLimiter | undefined
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly random: Random
}

/** What a result or an error means. */
export interface Verdict {
  readonly health: CallHealth
  /** Why another attempt is worth it; undefined when it is not. */
  readonly retry?: string
  /** When the dependency wants to be asked again, in milliseconds. */
  readonly afterMs?: number
}

/** One attempt, numbered from 1. */
export interface Attempt {
  readonly number: number
  /** Longest wait for this one, in milliseconds. */
  readonly timeoutMs: number
}

/** Who waits for a call. */
export interface Caller {
  readonly signal: AbortSignal | undefined
}

/** A call as the engine sees it. */
export interface EngineCall<T> extends Caller {
  readonly authority: string
  readonly repeatable: boolean
  run(attempt: Attempt): Promise<T>
  judgeResult(result: T): Verdict
  judgeError(error: unknown): Verdict
  /** Frees what a result holds that nobody will read. */
  discard?(result: T): void
}

type Settled<T> = { readonly verdict: Verdict } & ({ readonly result: T } | { readonly error: unknown })

const ABORTED: Verdict = { health: 'unknown' }

/** Runs calls by one set of parts. */
export type Engine = <T>(call: EngineCall<T>) => Promise<T>

/** Creates the engine. */
export function createEngine(parts: EngineParts): Engine {
  const { name, clock, bulkhead, limiter, telemetry } = parts

  async function run<T>(call: EngineCall<T>, until: number): Promise<Settled<T>> {
    if (call.signal?.aborted) throw call.signal.reason
    if (limiter !== undefined) {
      const decision = await limiter.take({ key: name })
      if (!decision.allowed) throw new RateLimitedError(name, decision.retryAfterMs)
    }
    if (bulkhead === undefined) return attempts(parts, call, until)
    const wait = bulkhead.enter(until - clock.monotonic(), call.signal)
    if (wait !== undefined) await wait
    try {
      return await attempts(parts, call, until)
    } finally {
      bulkhead.leave()
    }
  }

  return async (call) => {
    const until = Math.min(clock.monotonic() + parts.totalTimeoutMs, currentContext()?.deadline ?? Infinity)
    try {
      const settled = await run(call, until)
      if ('error' in settled) throw settled.error
      telemetry.finished(settled.verdict.health === 'bad' ? 'failure' : 'success')
      return settled.result
    } catch (error) {
      telemetry.finished(isAborted(call) ? 'aborted' : outcomeOf(error))
      throw error
    }
  }
}

async function attempts<T>(parts: EngineParts, call: EngineCall<T>, until: number): Promise<Settled<T>> {
  parts.budget.recordCall()
  for (let number = 1; ; number++) {
    const settled = await attempt(parts, call, number, until)
    const waitMs = waitBefore(parts, call, { settled, number, until })
    if (waitMs === undefined) return settled
    parts.telemetry.retried(settled.verdict.retry as string, number + 1)
    if ('result' in settled) call.discard?.(settled.result)
    await sleep(waitMs, { clock: parts.clock, signal: AbortSignal.any(signalsOf(call)) })
  }
}

async function attempt<T>(parts: EngineParts, call: EngineCall<T>, number: number, until: number): Promise<Settled<T>> {
  const { name, clock, telemetry } = parts
  const started = clock.monotonic()
  if (until <= started) throw new PolicyTimeoutError(name, 0)
  const breaker = parts.breakers?.of(call.authority)
  const ticket = breaker === undefined ? 0 : breaker.enter()
  let settled: Settled<T>
  try {
    const result = await call.run({ number, timeoutMs: Math.min(parts.attemptTimeoutMs, until - started) })
    settled = { result, verdict: call.judgeResult(result) }
  } catch (error) {
    settled = { error, verdict: isAborted(call) ? ABORTED : call.judgeError(error) }
  }
  breaker?.leave(ticket, settled.verdict.health)
  telemetry.attempted(clock.monotonic() - started, settled.verdict.health)
  return settled
}

/** Milliseconds until the next attempt; undefined when there is to be none. Takes it out of the budget. */
function waitBefore<T>(
  parts: EngineParts,
  call: EngineCall<T>,
  at: { settled: Settled<T>; number: number; until: number },
): number | undefined {
  const { verdict } = at.settled
  if (verdict.retry === undefined || at.number > parts.retries || !call.repeatable) return undefined
  const waitMs = Math.max(backoffMs(at.number, parts.backoff, parts.random), verdict.afterMs ?? 0)
  // Nobody waits for an attempt that could not begin.
  if (parts.clock.monotonic() + waitMs >= at.until) return undefined
  if (parts.budget.tryWithdraw()) return waitMs
  parts.telemetry.exhausted()
  return undefined
}

function signalsOf(call: Caller): AbortSignal[] {
  return [call.signal, currentContext()?.signal].filter((signal) => signal !== undefined)
}

/** The caller gave up, or the unit of work did. */
function isAborted(call: Caller): boolean {
  return call.signal?.aborted === true || currentContext()?.signal.aborted === true
}

const OUTCOME_BY_CODE: Readonly<Record<string, Outcome>> = {
  OPS_RESILIENCE_CIRCUIT_OPEN: 'circuit_open',
  OPS_RESILIENCE_BULKHEAD_FULL: 'bulkhead_full',
  OPS_RESILIENCE_RATE_LIMITED: 'rate_limited',
}

function outcomeOf(error: unknown): Outcome {
  if (!isOpsError(error)) return 'failure'
  return OUTCOME_BY_CODE[error.code] ?? (error.code.endsWith('_TIMEOUT') ? 'timeout' : 'failure')
}
