/** From validated options to the parts a policy's engine runs on, and their defaults. */
import { type Clock, currentContext, type Meter, type Random } from '@ops/core'
import { createBreakers } from './breakers.ts'
import { createBulkhead } from './bulkhead.ts'
import { createConcurrencyLimiter } from './concurrency-limiter.ts'
import type { EngineParts } from './engine.ts'
import { backoffOptions, breakerOptions, type PolicyOptions } from './options.ts'
import { createRetryBudget } from './retry-budget.ts'
import { createTelemetry } from './telemetry.ts'

/** Validated options with their ports. */
export interface PartsOptions extends PolicyOptions {
  readonly clock: Clock
  readonly random: Random
  readonly meter: Meter
  readonly ownsAvailability: boolean
}

/** Makes of options what an engine runs, and the words for it. */
export function createParts(options: PartsOptions): { engine: EngineParts; stages: readonly string[] } {
  const { name, clock, random, meter, ownsAvailability, retry, limiter, hedge } = options
  const { priority = () => 'normal' as const, ...adaptive } = options.concurrency ?? {}
  const { timeoutMs: totalTimeoutMs = Infinity, attemptTimeoutMs = totalTimeoutMs } = options
  const breakers =
    options.breaker === undefined
      ? undefined
      : createBreakers(name, breakerOptions(options.breaker), clock, (state) => telemetry.became(state))
  const bulkhead =
    options.bulkhead === undefined ? undefined : createBulkhead(name, { queue: 0, ...options.bulkhead }, clock)
  const telemetry = createTelemetry({ name, meter, breakers, bulkhead, ownsAvailability })
  const engine: EngineParts = {
    ...{ name, totalTimeoutMs, attemptTimeoutMs, breakers, bulkhead, limiter, telemetry, clock, random },
    concurrency:
      options.concurrency === undefined
        ? undefined
        : createConcurrencyLimiter({ ...adaptive, ...{ name, meter, clock, random } }),
    priority: () => priority(currentContext()),
    hedgeAfterMs: hedge?.afterMs ?? Infinity,
    retries: retry === undefined ? 0 : (retry.retries ?? 2),
    backoff: backoffOptions(retry ?? {}),
    budget: retry?.budget ?? createRetryBudget({ clock }),
  }
  return { engine, stages: stagesOf(options) }
}

/** What options ask for, outermost first. */
export function stagesOf(options: PolicyOptions): string[] {
  const { timeoutMs, attemptTimeoutMs, limiter, bulkhead, retry, breaker, concurrency, hedge } = options
  const stages: string[] = []
  if (limiter !== undefined) stages.push(`rate limit ${limiter.name}: ${limiter.limit} in ${limiter.perMs} ms`)
  if (bulkhead !== undefined) stages.push(`bulkhead: ${bulkhead.concurrent} at once, ${bulkhead.queue ?? 0} waiting`)
  stages.push(timeoutMs === undefined ? "total time: the context's" : `total time: ${timeoutMs} ms`)
  if (retry !== undefined) {
    const { baseMs, maxMs } = backoffOptions(retry)
    stages.push(`retry: ${retry.retries ?? 2} within the budget, full jitter from ${baseMs} to ${maxMs} ms`)
  }
  if (breaker !== undefined) {
    const { failureRatio, windowMs, minimumCalls, openMs } = breakerOptions(breaker)
    stages.push(`breaker: open ${openMs} ms at ${failureRatio * 100} % of ${minimumCalls} or more in ${windowMs} ms`)
  }
  if (concurrency !== undefined) stages.push('concurrency: as many attempts at once as their latency allows')
  if (attemptTimeoutMs !== undefined) stages.push(`attempt time: ${attemptTimeoutMs} ms`)
  if (hedge !== undefined) stages.push(`hedge: sent again after ${hedge.afterMs} ms within the budget`)
  return stages
}
