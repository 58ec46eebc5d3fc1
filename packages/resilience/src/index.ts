export type { Attempt } from './attempt.ts'
export type { BackoffOptions } from './backoff.ts'
export type { BreakerOptions, BreakerState } from './breaker.ts'
export type { BulkheadOptions } from './bulkhead.ts'
export {
  type AdaptiveOptions,
  type ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  createConcurrencyLimiter,
  PRIORITIES,
  type Priority,
} from './concurrency-limiter.ts'
export { BulkheadFullError, CircuitOpenError, PolicyTimeoutError, RateLimitedError } from './errors.ts'
export type { HedgeOptions } from './hedge.ts'
export { DECISIONS, HEDGES, OUTCOMES, type Outcome, type ResilienceMetrics, resilienceMetrics } from './metrics.ts'
export type { ConcurrencyOptions, PolicyOptions, RetryOptions } from './options.ts'
export { createPolicy, describe, type Policy, type PolicyAttempt, type PolicyCallOptions } from './policy.ts'
export { createRateLimiter, type RateLimitDecision, type RateLimiter, type RateLimiterOptions } from './rate-limiter.ts'
export { createRetryBudget, type RetryBudget, type RetryBudgetOptions } from './retry-budget.ts'
export type { RedisLike, WindowAnswer } from './sliding-window.ts'
export {
  type PipelineCall,
  type PipelineClient,
  type StandardPipeline,
  type StandardPipelineOptions,
  standardPipeline,
} from './standard-pipeline.ts'
