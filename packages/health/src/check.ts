/** Declarations of checks: what is asked, how often, and what a failure means. */

/** `local`: this replica alone is affected. `shared`: all replicas share the dependency. */
export type CheckScope = 'local' | 'shared'

/** Asks a dependency. Resolving means up, `false` and throwing mean down. The signal aborts at the timeout. */
export type CheckFunction = (signal: AbortSignal) => unknown

/** When a check's status changes. */
export interface CheckPolicy {
  /**
   * Consecutive failures that turn a check down. Integer from 1.
   *
   * @defaultValue 3
   */
  readonly downAfter?: number
  /**
   * Consecutive successes that turn a check that was down up. Integer from 1.
   *
   * @defaultValue 2
   */
  readonly upAfter?: number
  /**
   * Least time between two changes of status, in milliseconds from 0.
   *
   * @defaultValue 5_000
   */
  readonly holdMs?: number
}

/** What a failure means. */
export type CheckImpact = {
  /**
   * `false` only shows the check in `/healthz`.
   *
   * @defaultValue true
   */
  readonly critical?: boolean
} & (
  | {
      /** Down takes this replica out of the balancer. */
      readonly scope: 'local'
      readonly gate?: never
    }
  | {
      /** Down degrades: taking out every replica at once would only add an outage to an outage. */
      readonly scope: 'shared'
      /**
       * `true` takes this replica out of the balancer all the same.
       *
       * @defaultValue false
       */
      readonly gate?: boolean
    }
)

/** Options of {@link check}. */
export type CheckOptions = CheckPolicy &
  CheckImpact & {
    /** Time between two runs, in milliseconds from 10; spread by 10 % so that replicas do not run together. */
    readonly everyMs: number
    /** Time a run may take, in milliseconds from 1 to `everyMs`. */
    readonly timeoutMs: number
  }

/** Options of {@link manualCheck}. */
export type ManualCheckOptions = CheckPolicy &
  CheckImpact & {
    /**
     * Age at which a report counts as failed, in milliseconds from 1.
     *
     * @defaultValue none: a report holds until the next
     */
    readonly ttlMs?: number
  }

/** A declared check: plain data. */
export interface Check {
  /** Undefined for a check that code reports. */
  readonly run: CheckFunction | undefined
  readonly everyMs: number
  readonly timeoutMs: number
  /** Age at which a result counts as failed; `Infinity` for never. */
  readonly staleAfterMs: number
  readonly scope: CheckScope
  readonly critical: boolean
  /** True when a failure makes the replica unready. */
  readonly gates: boolean
  readonly downAfter: number
  readonly upAfter: number
  readonly holdMs: number
}

/**
 * Declares a check that runs in the background; probes never run it.
 *
 * @throws RangeError for a number outside its range, TypeError for options that contradict each other.
 * @example
 * check((signal) => fetch(url, { signal }), { scope: 'shared', everyMs: 10_000, timeoutMs: 1_000 })
 */
export function check(run: CheckFunction, options: CheckOptions): Check {
  const { everyMs, timeoutMs } = options
  assertRange('everyMs', everyMs, 10)
  assertRange('timeoutMs', timeoutMs, 1)
  if (timeoutMs > everyMs) {
    throw new RangeError(`Cannot declare check: timeoutMs is ${timeoutMs}, expected at most everyMs (${everyMs})`)
  }
  const staleAfterMs = Math.max(3 * everyMs + timeoutMs, 15_000)
  return {
    run,
    everyMs,
    timeoutMs,
    staleAfterMs,
    ...impact(options),
    ...policy(options, { downAfter: 3, upAfter: 2, holdMs: 5000 }),
  }
}

/**
 * Declares a check that code reports with `health.report(name, up)`; unknown until the first report.
 * Each report counts at once unless the policy says otherwise.
 *
 * @throws RangeError, TypeError as {@link check}.
 */
export function manualCheck(options: ManualCheckOptions): Check {
  const { ttlMs } = options
  if (ttlMs !== undefined) assertRange('ttlMs', ttlMs, 1)
  return {
    run: undefined,
    everyMs: Infinity,
    timeoutMs: Infinity,
    staleAfterMs: ttlMs ?? Infinity,
    ...impact(options),
    ...policy(options, { downAfter: 1, upAfter: 1, holdMs: 0 }),
  }
}

function impact(options: CheckImpact): Pick<Check, 'scope' | 'critical' | 'gates'> {
  const { scope, critical = true, gate } = options
  if (scope !== 'local' && scope !== 'shared') {
    throw new TypeError(`Cannot declare check: scope is ${JSON.stringify(scope)}, expected 'local' or 'shared'`)
  }
  if (gate === true && !critical) {
    throw new TypeError('Cannot declare check: gate is true and critical false, expected a gate to be critical')
  }
  return { scope, critical, gates: critical && (scope === 'local' || gate === true) }
}

function policy(options: CheckPolicy, defaults: Required<CheckPolicy>): Required<CheckPolicy> {
  const { downAfter, upAfter, holdMs } = { ...defaults, ...options }
  assertCount('downAfter', downAfter)
  assertCount('upAfter', upAfter)
  assertRange('holdMs', holdMs, 0)
  return { downAfter, upAfter, holdMs }
}

function assertRange(name: string, value: number, min: number): void {
  if (!(value >= min && value <= 2_147_483_647)) {
    throw new RangeError(`Cannot declare check: ${name} is ${value}, expected ${min} to 2147483647`)
  }
}

function assertCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`Cannot declare check: ${name} is ${value}, expected an integer from 1`)
  }
}
