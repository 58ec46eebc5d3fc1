/** `standardPipeline`: what stands between a client of @ops/http and its dependency. The two meet in the shape of a function. */
import { type Clock, type Meter, noopMeter, type Random, systemClock, systemRandom } from '@ops/core'
import type { Attempt, Verdict } from './attempt.ts'
import type { BreakerOptions, BreakerState } from './breaker.ts'
import { type Breakers, worse } from './breakers.ts'
import type { BulkheadOptions } from './bulkhead.ts'
import { createEngine } from './engine.ts'
import { CircuitOpenError } from './errors.ts'
import type { HedgeOptions } from './hedge.ts'
import {
  assertPolicyOptions,
  breakerOptions,
  type ConcurrencyOptions,
  type PolicyOptions,
  type RetryOptions,
} from './options.ts'
import { createParts, stagesOf } from './parts.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { tryParseRetryAfter } from './retry-after.ts'

/** What the standard pipeline does. */
export interface StandardPipelineOptions {
  /** Longest time of a call with its retries, in milliseconds, above `attemptTimeoutMs`; the context's deadline may shorten it. @defaultValue 10_000 */
  readonly totalTimeoutMs?: number
  /** Longest time of one attempt, in milliseconds from 1. @defaultValue a quarter of `totalTimeoutMs` */
  readonly attemptTimeoutMs?: number
  /** Attempts after the first, 0 to 10. @defaultValue 2 */
  readonly retries?: number
  /** Waits between attempts, and the budget that is shared. @defaultValue 50 to 2_000 ms, a budget of its own */
  readonly backoff?: Omit<RetryOptions, 'retries'>
  /** `false` for none. @defaultValue opens for 5 s at half of 20 or more calls in 10 s */
  readonly breaker?: BreakerOptions | false
  /** @defaultValue as many calls as come */
  readonly bulkhead?: BulkheadOptions
  /** Attempts at once, as many as their latency allows. @defaultValue as many as come */
  readonly concurrency?: ConcurrencyOptions
  /** Sends a slow attempt of a call that may be repeated a second time, out of the same budget. @defaultValue never */
  readonly hedge?: HedgeOptions
  /** @defaultValue none */
  readonly limiter?: RateLimiter
  /** Spreads the backoff. @defaultValue the system's */
  readonly random?: Random
}

/** A call as the client hands it over. */
export interface PipelineCall {
  /** Upper case. */
  readonly method: string
  readonly headers: Headers
  /** False for a body that can be read once. */
  readonly replayable: boolean
  readonly signal: AbortSignal | undefined
  /** Sends the request once. */
  send(attempt: Attempt): Promise<Response>
}

/** Who asks for a pipeline. */
export interface PipelineClient {
  readonly name: string
  readonly meter?: Meter | undefined
  readonly clock?: Clock | undefined
}

/** Options for `createClient` of @ops/http: spread them into its own. */
export interface StandardPipeline {
  /** Makes the pipeline of one client; budget and breaker are this client's own. */
  readonly policy: (client: PipelineClient) => (call: PipelineCall) => Promise<Response>
  /** What it does, in order: see `describe`. */
  readonly stages: readonly string[]
  /** Worst state of the breakers of its clients; `closed` without one. */
  readonly state: BreakerState
  /** A check for a health endpoint, to be of scope `shared`: rejects with CircuitOpenError while a breaker is open or isolated. */
  check(): Promise<void>
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * Rate limit, bulkhead, total time, retries within a budget, breaker, attempt time, in this order.
 * Retried are idempotent methods, and others that carry an `Idempotency-Key`, after a refused or cut connection, a timeout or a
 * status of 408, 425, 429, 500, 502, 503, 504; the last answer is returned as it is.
 *
 * @throws TypeError or RangeError for options out of range or against each other; the message names both.
 * @example
 * createClient({ name: 'payments', baseUrl, ...standardPipeline({ totalTimeoutMs: 2000, attemptTimeoutMs: 500 }) })
 */
export function standardPipeline(options: StandardPipelineOptions = {}): StandardPipeline {
  const { totalTimeoutMs = 10_000, attemptTimeoutMs = totalTimeoutMs / 4, retries = 2, backoff, random } = options
  const { breaker = {}, bulkhead, limiter, concurrency, hedge } = options
  const policyOf = (name: string): PolicyOptions => ({
    ...{ name, timeoutMs: totalTimeoutMs, attemptTimeoutMs, limiter, concurrency, hedge },
    retry: { ...backoff, retries },
    ...(breaker === false ? {} : { breaker }),
    ...(bulkhead === undefined ? {} : { bulkhead }),
  })
  assertPolicyOptions(policyOf('standardPipeline'))
  const made = new Map<string, Breakers>()
  const state = () => [...made.values()].map((breakers) => breakers.worst()).reduce(worse, 'closed')
  return {
    stages: stagesOf(policyOf('standardPipeline')),
    get state() {
      return state()
    },
    async check() {
      const open = [...made].find(([, breakers]) => ['open', 'isolated'].includes(breakers.worst()))
      if (open !== undefined) throw new CircuitOpenError(open[0], breakerOptions(breaker || {}).openMs)
    },
    policy: ({ name, meter = noopMeter, clock = systemClock }) => {
      const ports = { meter, clock, random: random ?? systemRandom, ownsAvailability: false }
      const { engine } = createParts({ ...policyOf(name), ...ports })
      if (engine.breakers !== undefined) made.set(name, engine.breakers)
      const execute = createEngine(engine)
      return (call) =>
        execute<Response>({
          signal: call.signal,
          authority: '',
          repeatable: call.replayable && (IDEMPOTENT.has(call.method) || call.headers.has('idempotency-key')),
          run: (attempt) => call.send(attempt),
          judgeResult: (response) => judgeResponse(response, clock),
          judgeError,
          // Its connection is free again only when nobody may read on.
          discard: (response) => void response.body?.cancel().catch(() => {}),
        })
    },
  }
}

const GOOD: Verdict = { health: 'good' }

function judgeResponse(response: Response, clock: Clock): Verdict {
  const { status } = response
  if (status < 400) return GOOD
  // Refusing one caller (429) is no sign of a broken dependency.
  const health = status >= 500 ? 'bad' : 'good'
  if (!PASSING.has(status)) return { health }
  const afterMs = tryParseRetryAfter(response.headers.get('retry-after'), clock)
  return { health, retry: `status_${status}`, ...(afterMs === undefined ? {} : { afterMs }) }
}

/** A TypeError or RangeError is misuse by the caller: the client has its own errors for what the dependency does. */
function judgeError(error: unknown): Verdict {
  if (error instanceof TypeError || error instanceof RangeError) return { health: 'unknown' }
  const code = String((error as { code?: unknown } | null)?.code)
  return { health: 'bad', retry: code.endsWith('_TIMEOUT') ? 'timeout' : 'unreachable' }
}
