/** `createRateLimiter`: one limit for all processes by Redis, and this process's share of it while Redis does not answer. */
import { createHash } from 'node:crypto'
import {
  type Clock,
  currentContext,
  type Logger,
  type Meter,
  noopMeter,
  silentLogger,
  systemClock,
  type WorkContext,
} from '@ops/core'
import { assertInteger, assertName, assertNumber } from './assert.ts'
import { Breaker } from './breaker.ts'
import { createLocalWindows } from './local-window.ts'
import { type DECISIONS, resilienceMetrics } from './metrics.ts'
import { headersOf } from './rate-limit-headers.ts'
import { askRedis, type RedisLike, type WindowAnswer } from './sliding-window.ts'

/** What is limited, and by what. */
export interface RateLimiterOptions {
  /** Any ioredis client, `Redis` or `Cluster`; stays yours to close. */
  readonly redis: RedisLike
  /** First part of every key, and the `limiter` label. */
  readonly name: string
  /** Requests admitted in any `perMs`, 1 to 1_000_000_000; a function is asked at each request, and while it gives nonsense its last sound answer holds. */
  readonly limit: number | (() => number)
  /** Length of the sliding window in milliseconds, 100 to 86_400_000. */
  readonly perMs: number
  /** Whose requests count together; undefined is not limited. @defaultValue the context's user, within its tenant */
  readonly key?: (context: WorkContext) => string | undefined
  /** Processes that share the limit: while Redis does not answer each admits its part, 1 to 100_000. @defaultValue 1 */
  readonly instances?: number
  /** Longest wait for Redis, in milliseconds, 1 to 60_000. @defaultValue 100 */
  readonly redisTimeoutMs?: number
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue silent */
  readonly logger?: Logger | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** What was decided about one request. */
export interface RateLimitDecision extends WindowAnswer {
  readonly limit: number
  /** Who decided; `none` for a request without a key. */
  readonly by: 'redis' | 'local' | 'none'
  /** `RateLimit`, `RateLimit-*` and, when refused, `Retry-After`: for every response, refused (429) or not. */
  readonly headers: Readonly<Record<string, string>>
}

/** Admits requests up to a limit. */
export interface RateLimiter {
  readonly name: string
  readonly limit: number
  readonly perMs: number
  /** Asks for one request. Never throws, never waits longer than `redisTimeoutMs`. `key` is the context's and `cost` 1 unless given. */
  take(request?: { readonly key?: string; readonly cost?: number }): Promise<RateLimitDecision>
}

/** Redis is asked again by one request after this time. */
const PROBE_AFTER_MS = 1_000
const MAX_KEY_LENGTH = 128
const MAX_LIMIT = 1_000_000_000

/** Creates a limiter. @throws TypeError or RangeError for options out of range. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  assertRateLimiterOptions(options)
  const { redis, name, perMs, instances = 1, redisTimeoutMs = 100 } = options
  const { key: keyOf = userOf, meter = noopMeter, clock = systemClock, logger = silentLogger } = options
  const limitNow = currentLimit(options.limit)
  const decisions = meter.instruments(resilienceMetrics).decisions
  const count = (result: (typeof DECISIONS)[number]) => decisions.inc({ limiter: name, result })
  const local = createLocalWindows(clock)
  const settings = { failureRatio: 0.1, windowMs: 1_000, minimumCalls: 1, openMs: PROBE_AFTER_MS, samples: 1 }
  const breaker = new Breaker(`redis of rate limiter ${name}`, settings, clock)

  /** Undefined while Redis does not answer. */
  async function tryAskRedis(key: string, limit: number, cost: number): Promise<WindowAnswer | undefined> {
    if (breaker.state === 'open') return undefined
    let ticket: number
    try {
      ticket = breaker.enter()
    } catch {
      return undefined
    }
    const wasDown = breaker.state !== 'closed'
    try {
      const answer = await within(
        askRedis(redis, { key: redisKey(name, key), limit, perMs, cost }),
        redisTimeoutMs,
        clock,
      )
      breaker.leave(ticket, 'good')
      if (wasDown) logger.info({ limiter: name }, 'rate limiter counts in redis again')
      return answer
    } catch (error) {
      breaker.leave(ticket, 'bad')
      if (!wasDown) logger.warn({ limiter: name, err: error }, 'rate limiter counts locally: redis does not answer')
      return undefined
    }
  }

  return {
    name,
    get limit() {
      return limitNow()
    },
    perMs,
    async take({ key = contextKey(keyOf), cost = 1 } = {}) {
      const limit = limitNow()
      if (key === undefined) {
        count('exempt')
        return { allowed: true, limit, remaining: limit, retryAfterMs: 0, resetMs: 0, by: 'none', headers: {} }
      }
      const shared = await tryAskRedis(key, limit, cost)
      if (shared !== undefined) {
        count(shared.allowed ? 'admitted' : 'refused')
        return { ...shared, limit, by: 'redis', headers: headersOf(shared, { name, limit, perMs }) }
      }
      const share = Math.max(1, Math.floor(limit / instances))
      const own = local.take({ key, limit: share, perMs, cost })
      count(own.allowed ? 'admitted_locally' : 'refused_locally')
      return { ...own, limit: share, by: 'local', headers: headersOf(own, { name, limit: share, perMs }) }
    },
  }
}

/** Users of two tenants may have the same id. */
function userOf({ tenant, userId }: WorkContext): string | undefined {
  return userId === undefined || tenant === undefined ? userId : `${tenant}/${userId}`
}

/** The limit of the moment. */
function currentLimit(limit: number | (() => number)): () => number {
  if (typeof limit === 'number') return () => limit
  let last = limit()
  return () => {
    const given = limit()
    if (isLimit(given)) last = given
    return last
  }
}

function isLimit(given: number): boolean {
  return Number.isInteger(given) && given >= 1 && given <= MAX_LIMIT
}

function contextKey(keyOf: (context: WorkContext) => string | undefined): string | undefined {
  const context = currentContext()
  return context === undefined ? undefined : keyOf(context)
}

/** One key a request, so any node of a Cluster may hold it; long ones are hashed. */
function redisKey(name: string, key: string): string {
  const part = encodeURIComponent(key.toWellFormed())
  const short = part.length <= MAX_KEY_LENGTH ? part : `~${createHash('sha256').update(part).digest('base64url')}`
  return `ratelimit:{${encodeURIComponent(name)}:${short}}`
}

/** Rejects when `work` takes longer; `work` itself goes on, and counts when Redis gets to it. */
function within<T>(work: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(new Error(`no answer within ${timeoutMs} ms`))
    const timer = clock.setTimeout(expire, timeoutMs)
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

function assertRateLimiterOptions(options: RateLimiterOptions): void {
  assertName('a rate limiter', options.name)
  const what = `rate limiter ${options.name}`
  const redis = options.redis as Partial<RedisLike> | undefined
  if (typeof redis?.evalsha !== 'function' || typeof redis.eval !== 'function') {
    throw new TypeError(`Cannot create ${what}: redis is no ioredis client, expected one with evalsha and eval`)
  }
  const limit = typeof options.limit === 'function' ? options.limit() : options.limit
  assertInteger(what, 'limit', limit, 1, MAX_LIMIT)
  assertInteger(what, 'perMs', options.perMs, 100, 86_400_000)
  assertInteger(what, 'instances', options.instances ?? 1, 1, 100_000)
  assertNumber(what, 'redisTimeoutMs', options.redisTimeoutMs ?? 100, 1, 60_000)
}
