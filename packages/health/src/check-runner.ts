/** Runs one check in the background: one run at a time, each with a timeout, results judged with hysteresis. */
import { context as otelContext, ROOT_CONTEXT } from '@opentelemetry/api'
import type { Clock, Random, Timer } from '@ops/core'
import type { Check } from './check.ts'
import { CheckTimeoutError } from './errors.ts'
import { type CheckStatus, judge, judgeStale, UNKNOWN, type Verdict } from './verdict.ts'

/** How a run ended; `stuck`: the one before still runs; `stale`: no result for too long. */
export type CheckOutcome = 'ok' | 'failed' | 'timeout' | 'stuck' | 'stale'

/** What is known of a check. JSON-safe. */
export interface CheckReport {
  readonly name: string
  readonly scope: Check['scope']
  readonly critical: boolean
  readonly gates: boolean
  readonly status: CheckStatus
  /** The last result; undefined before the first. */
  readonly outcome?: CheckOutcome
  /** Why it failed, shortened. */
  readonly message?: string
  readonly durationMs?: number
  /** Wall time of the last result, ISO-8601. */
  readonly time?: string
}

/** A result as it is recorded. */
export interface CheckResult {
  readonly outcome: CheckOutcome
  readonly message?: string | undefined
  readonly durationMs?: number | undefined
}

/** What a runner needs. */
export interface RunnerContext {
  readonly clock: Clock
  readonly random: Random
  readonly scrub: (text: string) => string
  /** Called after each result. */
  readonly onResult: (report: CheckReport, before: CheckStatus) => void
}

/** A check being watched. */
export interface CheckRunner {
  readonly report: CheckReport
  /** Records a result that code found. */
  record(result: CheckResult): void
  /** Aborts a run and ends. */
  stop(): void
}

/** Watches a check; a background one runs for the first time at once. */
export function startCheckRunner(name: string, check: Check, context: RunnerContext): CheckRunner {
  return new Runner(name, check, context)
}

const MAX_MESSAGE = 256

/** Where checks run: belonging to no request, and with the mark by which tracers make no spans of what they ask. */
const UNTRACED = ROOT_CONTEXT.setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true)

class Runner implements CheckRunner {
  report: CheckReport
  readonly #check: Check
  readonly #context: RunnerContext
  #verdict: Verdict = UNKNOWN
  #running: AbortController | undefined
  #next: Timer | undefined
  #stale: Timer | undefined
  #stopped = false

  constructor(name: string, check: Check, context: RunnerContext) {
    const { scope, critical, gates } = check
    this.report = { name, scope, critical, gates, status: 'unknown' }
    this.#check = check
    this.#context = context
    if (check.run !== undefined) this.#next = context.clock.setTimeout(() => this.#tick(), 0)
  }

  record(result: CheckResult): void {
    if (this.#stopped) return
    this.#verdict = judge(this.#verdict, result.outcome === 'ok', this.#context.clock.monotonic(), this.#check)
    this.#publish(result)
    this.#watchAge()
  }

  stop(): void {
    this.#stopped = true
    this.#next?.cancel()
    this.#stale?.cancel()
    this.#running?.abort(new Error('the service stops'))
  }

  #tick(): void {
    const spread = 0.9 + 0.2 * this.#context.random.next()
    this.#next = this.#context.clock.setTimeout(() => this.#tick(), this.#check.everyMs * spread)
    if (this.#running === undefined) this.#run()
    else this.record({ outcome: 'stuck', message: 'the run before has not ended' })
  }

  #run(): void {
    const { clock } = this.#context
    const { timeoutMs } = this.#check
    const controller = new AbortController()
    const startMs = clock.monotonic()
    let late = false
    this.#running = controller
    const timer = clock.setTimeout(() => {
      late = true
      this.record({ outcome: 'timeout', message: `no answer within ${timeoutMs} ms`, durationMs: timeoutMs })
      controller.abort(new CheckTimeoutError(this.report.name, timeoutMs))
    }, timeoutMs)
    const settle = (result: CheckResult) => {
      timer.cancel()
      this.#running = undefined
      // What comes after the timeout was judged already: a late success is no success.
      if (!late) this.record({ ...result, durationMs: clock.monotonic() - startMs })
    }
    const { run } = this.#check
    Promise.resolve(controller.signal)
      .then((signal) => otelContext.with(UNTRACED, () => run?.(signal)))
      .then(
        (value) =>
          settle(value === false ? { outcome: 'failed', message: 'the check answered false' } : { outcome: 'ok' }),
        (error: unknown) => settle({ outcome: 'failed', message: messageOf(error) }),
      )
  }

  #watchAge(): void {
    const { staleAfterMs } = this.#check
    this.#stale?.cancel()
    if (staleAfterMs === Infinity) return
    this.#stale = this.#context.clock.setTimeout(() => {
      this.#verdict = judgeStale(this.#context.clock.monotonic())
      this.#publish({ outcome: 'stale', message: `no result for ${staleAfterMs} ms` })
    }, staleAfterMs)
  }

  #publish(result: CheckResult): void {
    const { name, scope, critical, gates, status: before } = this.report
    const { outcome, message, durationMs } = result
    this.report = {
      name,
      scope,
      critical,
      gates,
      status: this.#verdict.status,
      outcome,
      ...(message === undefined ? {} : { message: this.#context.scrub(message).slice(0, MAX_MESSAGE) }),
      ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs * 1000) / 1000 }),
      time: new Date(this.#context.clock.now()).toISOString(),
    }
    this.#context.onResult(this.report, before)
  }
}

/** Whatever was thrown, as text. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'it threw something that has no text'
  }
}
