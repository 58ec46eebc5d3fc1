/** How requests are taken in: whom to believe, who goes first, how many at once, how many a user may make. */
import type { Meter, WorkContext } from '@ops/core'
import type { Health } from '@ops/health'
import type { RequestConcurrency, RequestLimiter, RequestPathOptions } from '@ops/http'
import type { OpsLogger } from '@ops/logger'
import type { AdaptiveOptions, RateLimiterOptions } from '@ops/resilience'

/** What a start says about requests. */
export interface RequestsOptions extends Pick<RequestPathOptions, 'trust' | 'priority' | 'timeoutHeader'> {
  /**
   * Sheds by a limit of requests at once that their durations teach, and that falls while health sees overload. Not for
   * services whose requests are long streams. @defaultValue health's overload alone sheds
   */
  readonly concurrency?: AdaptiveOptions
}

/** A limit for each user. */
export interface RequestLimitOptions extends Pick<RateLimiterOptions, 'redis' | 'instances'> {
  /** Whose requests count together; undefined is not limited. @defaultValue the user of the request, within its tenant */
  readonly key?: (context: WorkContext) => string | undefined
  /** Requests a minute, asked at each request. @defaultValue the setting `RATE_LIMIT_PER_MIN`, 600 where there is none */
  readonly perMinute?: () => number
}

/** What requests are taken in by: the adapters read it from `ops`. */
export interface Requests extends Pick<RequestPathOptions, 'trust' | 'priority' | 'timeoutHeader'> {
  readonly concurrency: RequestConcurrency | undefined
  /** Undefined until {@link Requests.limitRequests} made one. */
  readonly limiter: RequestLimiter | undefined
  /** From now on each user may make so many requests a minute, across all replicas; more are answered with 429. */
  limitRequests(options: RequestLimitOptions): Promise<void>
}

/** What requests are wired to. */
export interface RequestsPorts {
  readonly service: string
  readonly settings: () => Readonly<Record<string, unknown>>
  readonly health: Pick<Health, 'status'>
  readonly meter: Meter
  readonly logger: OpsLogger
}

const PER_MINUTE = 600

/** Wires requests; what limits is loaded when it is asked for. */
export async function createRequests(options: RequestsOptions, ports: RequestsPorts): Promise<Requests> {
  const { service: name, settings, health, meter, logger } = ports
  const { concurrency: adaptive, ...passed } = options
  let limiter: RequestLimiter | undefined
  const overloaded = () => health.status().overloaded
  const concurrency =
    adaptive === undefined
      ? undefined
      : (await import('@ops/resilience')).createConcurrencyLimiter({ ...adaptive, name, overloaded, meter })
  const perMinuteSetting = () => Number(settings()['RATE_LIMIT_PER_MIN'] ?? PER_MINUTE)
  return {
    ...passed,
    concurrency,
    get limiter() {
      return limiter
    },
    async limitRequests({ perMinute = perMinuteSetting, ...limits }) {
      const { createRateLimiter } = await import('@ops/resilience')
      limiter = createRateLimiter({ ...limits, name, limit: perMinute, perMs: 60_000, meter, logger })
    },
  }
}
