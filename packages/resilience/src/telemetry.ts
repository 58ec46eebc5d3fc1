/** What a policy records of its calls: in metrics, and as events on the span of the unit of work. */
import { currentContext, type Meter } from '@ops/core'
import type { CallHealth, OnTransition } from './breaker.ts'
import { type Breakers, severityOf } from './breakers.ts'
import type { Bulkhead } from './bulkhead.ts'
import { type HEDGES, OUTCOMES, type Outcome, resilienceMetrics } from './metrics.ts'

/** What happens to the calls of one policy, recorded. */
export interface Telemetry {
  attempted(durationMs: number, health: CallHealth): void
  retried(reason: string, attempt: number): void
  exhausted(): void
  hedged(result: (typeof HEDGES)[number], attempt: number): void
  finished(outcome: Outcome): void
  /** A breaker changed its state. */
  readonly became: OnTransition
}

/** What telemetry is about. */
export interface TelemetryOptions {
  readonly name: string
  readonly meter: Meter
  readonly breakers: Breakers | undefined
  readonly bulkhead: Bulkhead | undefined
  /** False where the caller knows more about the dependency and says so itself. */
  readonly ownsAvailability: boolean
}

/** Outcomes of calls that were not made, or no more: nothing else of the unit's trace would show them. */
const REFUSALS: ReadonlySet<Outcome> = new Set(['circuit_open', 'bulkhead_full', 'rate_limited'])

/** Creates the telemetry of a policy. */
export function createTelemetry({ name, meter, breakers, bulkhead, ownsAvailability }: TelemetryOptions): Telemetry {
  const metrics = meter.instruments(resilienceMetrics)
  const policy = name
  const durations = metrics.attemptDuration.bind({ policy })
  const exhausted = metrics.budgetExhausted.bind({ policy })
  const state = metrics.breakerState.bind({ policy })
  const inUse = metrics.bulkheadInUse.bind({ policy })
  const up = ownsAvailability ? metrics.dependencyUp.bind({ dependency: name }) : undefined
  const calls = new Map(OUTCOMES.map((outcome) => [outcome, metrics.calls.bind({ policy, outcome })]))
  const note = (event: string, attributes: Readonly<Record<string, string | number>>) =>
    currentContext()?.span?.addEvent(event, { 'ops.policy': policy, ...attributes })
  meter.onCollect(
    () => {
      if (breakers !== undefined) state.set(severityOf(breakers.worst()))
      if (bulkhead !== undefined) inUse.set(bulkhead.running)
    },
    { name: `resilience ${name}` },
  )
  return {
    attempted(durationMs, health) {
      durations.observe(durationMs / 1000)
      if (health !== 'unknown') up?.set(health === 'good' ? 1 : 0)
    },
    retried(reason, attempt) {
      metrics.retries.inc({ policy, reason })
      note('retry', { 'ops.attempt': attempt, 'ops.reason': reason })
    },
    exhausted() {
      exhausted.inc()
      note('budget-exhausted', {})
    },
    hedged(result, attempt) {
      metrics.hedges.inc({ policy, result })
      note('hedge', { 'ops.attempt': attempt, 'ops.result': result })
    },
    finished(outcome) {
      calls.get(outcome)?.inc()
      if (REFUSALS.has(outcome)) note('refused', { 'ops.reason': outcome })
    },
    became(state) {
      metrics.breakerTransitions.inc({ policy, state })
      note('breaker', { 'ops.state': state })
    },
  }
}
