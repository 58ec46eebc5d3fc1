/** The sums that must come out: what a stop may take at most against what the platform grants. */

/** Times of a stop, all in milliseconds. */
export interface DrainTimes {
  /** From the signal to the stop of listening, so that balancers notice. */
  readonly propagationDelayMs: number
  /** From the signal to the point where what still runs is cut. */
  readonly deadlineMs: number
  /** For closing what others used. */
  readonly closeTimeoutMs: number
  /** For delivering what is buffered. */
  readonly flushTimeoutMs: number
  /** What the platform waits before it kills (`terminationGracePeriodSeconds` times 1,000). */
  readonly terminationGracePeriodMs?: number | undefined
  /** Idle timeout of the load balancer's connections. */
  readonly balancerIdleTimeoutMs?: number | undefined
  /** Idle timeout of the server's connections. */
  readonly keepAliveTimeoutMs?: number | undefined
}

/** The longest a stop may take: the grace period must be longer. */
export function longestStopMs(times: DrainTimes): number {
  return times.deadlineMs + times.closeTimeoutMs + times.flushTimeoutMs
}

/** What does not add up, a sentence each; empty when all does. */
export function drainProblems(times: DrainTimes): string[] {
  const problems: string[] = []
  const { terminationGracePeriodMs: grace, balancerIdleTimeoutMs: idle, keepAliveTimeoutMs: keepAlive } = times
  const longest = longestStopMs(times)
  if (grace !== undefined && longest >= grace) {
    problems.push(
      `a stop may take ${longest} ms (deadline ${times.deadlineMs} + close ${times.closeTimeoutMs} + flush ${times.flushTimeoutMs}), expected less than the termination grace period of ${grace} ms`,
    )
  }
  if (idle !== undefined && keepAlive !== undefined && keepAlive > 0 && keepAlive <= idle) {
    problems.push(
      `the server closes idle connections after ${keepAlive} ms, expected more than the load balancer's ${idle} ms: it would send requests into closed connections`,
    )
  }
  return problems
}
