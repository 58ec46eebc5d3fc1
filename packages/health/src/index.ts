export type { HealthAnswer } from './answers.ts'
export { type DrainTimes, drainProblems, longestStopMs } from './arithmetic.ts'
export type { HealthStatus, ServiceIdentity, Snapshot } from './availability.ts'
export {
  type Check,
  type CheckFunction,
  type CheckImpact,
  type CheckOptions,
  type CheckPolicy,
  type CheckScope,
  check,
  type ManualCheckOptions,
  manualCheck,
} from './check.ts'
export type { CheckOutcome, CheckReport } from './check-runner.ts'
export { type DiskCheckOptions, diskCheck } from './disk-check.ts'
export type { EndOfLife } from './end-of-life.ts'
export { CheckTimeoutError, DrainDeadlineError, StartAbortedError, StartFailedError } from './errors.ts'
export { createHealth, type Health, type Shed } from './health.ts'
export type { HttpServer } from './http-server.ts'
export { createLifecycle, type LifecycleState, type LifecycleStatus, type ProcessLifecycle } from './lifecycle.ts'
export { LIFECYCLE_DEFAULTS, type LifecycleOptions, type LifecycleTimes } from './lifecycle-options.ts'
export { healthMetrics, lifecycleMetrics } from './metrics.ts'
export type { CheckGroups, HealthOptions } from './options.ts'
export type { OverloadOptions, Priority } from './overload.ts'
export type { ClosableSocket } from './socket-drain.ts'
export type { PhaseRecord } from './startup.ts'
export type { StepOutcome, StepRecord } from './step.ts'
export type { CheckStatus } from './verdict.ts'
