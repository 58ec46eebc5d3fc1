/** What the probes say, as pure functions of what is known: the one place where liveness and readiness are decided. */
import type { CheckReport } from './check-runner.ts'

/** Everything the answers depend on. JSON-safe: it crosses to the worker. */
export interface Snapshot {
  readonly started: boolean
  readonly draining: boolean
  readonly overloaded: boolean
  readonly checks: readonly CheckReport[]
}

/** Who the service is, for `/healthz`. */
export interface ServiceIdentity {
  readonly name?: string
  readonly version?: string
  readonly commit?: string
}

/** `pass` and `warn` answer 200, `fail` 503. */
export type HealthStatus = 'pass' | 'warn' | 'fail'

/** Why the replica takes no traffic; empty when it does. `wedged`: the main thread does not answer. */
export function unreadyReasons(snapshot: Snapshot, wedged: boolean): string[] {
  const { started, draining, overloaded, checks } = snapshot
  const reasons: string[] = []
  if (wedged) reasons.push('wedged')
  if (!started) reasons.push('starting')
  if (draining) reasons.push('draining')
  if (overloaded) reasons.push('overloaded')
  for (const check of checks) if (check.gates && check.status !== 'up') reasons.push(`check ${check.name}`)
  return reasons
}

/** The human view of the whole (or of the checks in `names`). */
export function healthStatus(snapshot: Snapshot, wedged: boolean, names?: readonly string[]): HealthStatus {
  const checks = names === undefined ? snapshot.checks : snapshot.checks.filter((check) => names.includes(check.name))
  if (wedged || checks.some((check) => check.gates && check.status === 'down')) return 'fail'
  const settled = snapshot.started && !snapshot.draining && !snapshot.overloaded
  return settled && checks.every((check) => check.status === 'up') ? 'pass' : 'warn'
}

/** A check's own status in the terms of health+json. */
export function checkHealth(check: CheckReport): HealthStatus {
  if (check.status === 'up') return 'pass'
  return check.gates && check.status === 'down' ? 'fail' : 'warn'
}
