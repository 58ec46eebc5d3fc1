/** Options of a lifecycle, their defaults and their bounds. */
import type { Clock, Logger, Meter } from '@ops/core'
import type { Health } from './health.ts'

/** What {@link createLifecycle} takes. */
export interface LifecycleOptions {
  /** Told when the process has started and when it drains. @defaultValue none */
  readonly health?: Pick<Health, 'markStarted' | 'markDraining' | 'close'>
  /**
   * How long to go on serving after readiness is off, so that balancers notice, in milliseconds from 0 to less than
   * `deadlineMs`. Skipped where no server is registered or the process never became ready.
   *
   * @defaultValue 5_000
   */
  readonly propagationDelayMs?: number
  /**
   * From the signal to the point where what still runs is cut, propagation included, in milliseconds from 1.
   *
   * @defaultValue 25_000
   */
  readonly deadlineMs?: number
  /**
   * For closing all that others used, once nothing runs any more, in milliseconds from 1.
   *
   * @defaultValue 2_000
   */
  readonly closeTimeoutMs?: number
  /**
   * For delivering what is buffered, in milliseconds from 1; on a crash too.
   *
   * @defaultValue 2_000
   */
  readonly flushTimeoutMs?: number
  /**
   * How long a keep-alive connection without a request stays open during the drain, for the request that may be under
   * way, in milliseconds from 0.
   *
   * @defaultValue 1_000
   */
  readonly idleLingerMs?: number
  /** What the platform waits before it kills; too little is warned of at start. @defaultValue unknown */
  readonly terminationGracePeriodMs?: number
  /** Idle timeout of the load balancer; servers that close sooner are warned of at start. @defaultValue unknown */
  readonly balancerIdleTimeoutMs?: number
  /** Signals that stop the process; `false` leaves them to the application. @defaultValue SIGTERM and SIGINT */
  readonly signals?: readonly NodeJS.Signals[] | false
  /** `false` leaves uncaught errors to the application. @defaultValue true */
  readonly crashPolicy?: boolean
  /** @defaultValue silentLogger; a crash then goes to stderr */
  readonly logger?: Logger
  /** @defaultValue noopMeter */
  readonly meter?: Meter
  /** @defaultValue systemClock */
  readonly clock?: Clock
  /** Ends the process. @defaultValue `process.exit` */
  readonly exit?: (code: number) => void
}

/** Times with their defaults. */
export interface LifecycleTimes {
  readonly propagationDelayMs: number
  readonly deadlineMs: number
  readonly closeTimeoutMs: number
  readonly flushTimeoutMs: number
  readonly idleLingerMs: number
}

/** What holds where nothing is given; a platform's grace period is reckoned from them. */
export const LIFECYCLE_DEFAULTS: LifecycleTimes = {
  propagationDelayMs: 5000,
  deadlineMs: 25_000,
  closeTimeoutMs: 2000,
  flushTimeoutMs: 2000,
  idleLingerMs: 1000,
}

/** Fills in defaults. @throws RangeError for a time outside its range. */
export function resolveTimes(options: LifecycleOptions): LifecycleTimes {
  const times = {
    propagationDelayMs: options.propagationDelayMs ?? LIFECYCLE_DEFAULTS.propagationDelayMs,
    deadlineMs: options.deadlineMs ?? LIFECYCLE_DEFAULTS.deadlineMs,
    closeTimeoutMs: options.closeTimeoutMs ?? LIFECYCLE_DEFAULTS.closeTimeoutMs,
    flushTimeoutMs: options.flushTimeoutMs ?? LIFECYCLE_DEFAULTS.flushTimeoutMs,
    idleLingerMs: options.idleLingerMs ?? LIFECYCLE_DEFAULTS.idleLingerMs,
  }
  for (const [name, value] of Object.entries(times)) {
    const least = name === 'propagationDelayMs' || name === 'idleLingerMs' ? 0 : 1
    if (!(value >= least && value <= 2_147_483_647)) {
      throw new RangeError(`Cannot create lifecycle: ${name} is ${value}, expected ${least} to 2147483647`)
    }
  }
  const { propagationDelayMs, deadlineMs } = times
  if (propagationDelayMs >= deadlineMs) {
    throw new RangeError(
      `Cannot create lifecycle: propagationDelayMs is ${propagationDelayMs}, expected less than deadlineMs (${deadlineMs})`,
    )
  }
  return times
}
