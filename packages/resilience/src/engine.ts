/** The order of things around a call: rate limit, bulkhead, total time, then for each attempt the budget, the breaker, the learnt limit, its own time and a hedge. */
import { type Clock, currentContext, isOpsError, type Random, sleep } from '@ops/core'
import type { Attempt, Settled, Verdict } from './attempt.ts'
import { type BackoffOptions, backoffMs } from './backoff.ts'
import type { Breakers } from './breakers.ts'
import type { Bulkhead } from './bulkhead.ts'
import type { ConcurrencyLimiter, Priority } from './concurrency-limiter.ts'
import { BulkheadFullError, PolicyTimeoutError, RateLimitedError } from './errors.ts'
import { runHedged } from './hedge.ts'
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
  readonly concurrency: ConcurrencyLimiter | undefined
  readonly priority: () => Priority
  /** After how long an attempt is sent again; Infinity for never. */
  readonly hedgeAfterMs: number
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly random: Random
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

const ABORTED: Verdict = { health: 'unknown' }
/** Reasons that speak of too little capacity. */
const REFUSALS: ReadonlySet<string> = new Set(['timeout', 'status_429', 'status_503'])

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
  const { name, clock, telemetry, concurrency } = parts
  const started = clock.monotonic()
  if (until <= started) throw new PolicyTimeoutError(name, 0)
  const breaker = parts.breakers?.of(call.authority)
  if (concurrency?.admit(parts.priority()) !== undefined) throw new BulkheadFullError(name, concurrency.limit, 0)
  const ticket = breaker === undefined ? 0 : breaker.enter()
  const one = { number, timeoutMs: Math.min(parts.attemptTimeoutMs, until - started) }
  const isHedged = call.repeatable && parts.hedgeAfterMs < one.timeoutMs
  const settled = await (isHedged ? hedged(parts, call, one) : sendOnce(parts, call, one))
  breaker?.leave(ticket, settled.verdict.health)
  telemetry.attempted(clock.monotonic() - started, settled.verdict.health)
  return settled
}

async function sendOnce<T>(parts: EngineParts, call: EngineCall<T>, attempt: Attempt): Promise<Settled<T>> {
  const { clock, concurrency } = parts
  const started = clock.monotonic()
  concurrency?.enter()
  let settled: Settled<T>
  try {
    const result = await call.run(attempt)
    settled = { result, verdict: call.judgeResult(result) }
  } catch (error) {
    settled = { error, verdict: isAborted(call) || attempt.signal?.aborted ? ABORTED : call.judgeError(error) }
  }
  const { health, retry } = settled.verdict
  const dropped = retry !== undefined && REFUSALS.has(retry)
  concurrency?.leave(health === 'good' || dropped ? clock.monotonic() - started : undefined, dropped)
  return settled
}

function hedged<T>(parts: EngineParts, call: EngineCall<T>, attempt: Attempt): Promise<Settled<T>> {
  const { clock, hedgeAfterMs: afterMs, breakers, concurrency, budget, telemetry } = parts
  return runHedged<T>({
    ...{ clock, afterMs, attempt },
    send: (one) => sendOnce(parts, call, one),
    mayHedge() {
      // A dependency that is being sampled, or has no room, is not asked twice.
      if (isAborted(call) || (breakers !== undefined && breakers.of(call.authority).state !== 'closed')) return false
      if (concurrency?.admit(parts.priority()) !== undefined) return false
      if (budget.tryWithdraw()) return true
      telemetry.exhausted()
      return false
    },
    onDecided: (won) => telemetry.hedged(won ? 'won' : 'lost', attempt.number),
    discard: (settled) => void ('result' in settled && call.discard?.(settled.result)),
  })
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
