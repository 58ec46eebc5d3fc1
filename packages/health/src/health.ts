/** createHealth: wires checks, heartbeat and overload to the probe answers on both ports. */
import { noopMeter, silentLogger, systemClock, systemRandom } from '@ops/core'
import type { OpsPage } from '@ops/ops-port'
import { type AnswerContext, type Answers, answerPaths, createAnswers, type HealthAnswer } from './answers.ts'
import { type Snapshot, unreadyReasons } from './availability.ts'
import type { Check } from './check.ts'
import { type CheckReport, type CheckRunner, startCheckRunner } from './check-runner.ts'
import type { HealthPageData } from './health-worker.ts'
import { createUtilizationGauge, startHeartbeat } from './heartbeat.ts'
import { healthMetrics } from './metrics.ts'
import { assertCheckName, assertHealthOptions, type HealthOptions } from './options.ts'
import { CALM, nextOverload, type OverloadOptions, PRIORITIES, type Priority, resolveOverload } from './overload.ts'
import { createSharedState } from './shared-state.ts'

/** Refusal of a request: answer 503 with `Retry-After`. */
export interface Shed {
  readonly retryAfterMs: number
}

/** The health of a process. */
export interface Health<Name extends string = string> {
  /** Answers a probe of the app port; undefined for any other path. Runs no check; `authorized` callers see details. */
  handle(path: string, caller?: { readonly authorized?: boolean }): HealthAnswer | undefined
  /** The same probes for the ops port, answered off the main thread. */
  page(): OpsPage
  /** Undefined when a request of this priority may go on; costs nanoseconds. @defaultValue 'normal' */
  admit(priority?: Priority): Shed | undefined
  /**
   * Adds a check of something that is made at run time, a pool or a client; it runs from now on, and is unknown until its
   * first result. Does nothing once closed.
   *
   * @throws TypeError for a name outside the grammar or in use.
   */
  add(name: string, check: Check): void
  /** Reports a manual check. @throws TypeError when `name` is not one. */
  report(name: Name, up: boolean, message?: string): void
  /** What is known now, and why the replica takes no traffic. */
  status(): Snapshot & { readonly unready: readonly string[] }
  /** Ends the startup: `/startupz` answers 200. Called by the lifecycle. */
  markStarted(): void
  /** Ends readiness for good. Called by the lifecycle. */
  markDraining(): void
  /** Stops checks and timers. */
  close(): void
}

/**
 * Creates the health of this process and begins to run its checks.
 *
 * @throws TypeError or RangeError for options outside their range and groups that name no check.
 * @example
 * const health = createHealth({ checks: { disk: diskCheck('/', { maxRatio: 0.95, scope: 'local' }) } })
 */
export function createHealth<const Checks extends Readonly<Record<string, Check>> = Record<never, never>>(
  options: HealthOptions<Checks> = {},
): Health<keyof Checks & string> {
  assertHealthOptions(options)
  return new ProcessHealth(options)
}

const RETRY_AFTER_MS = 1000

class ProcessHealth implements Health {
  readonly #options: HealthOptions<Readonly<Record<string, Check>>>
  readonly #context: AnswerContext
  readonly #runners = new Map<string, CheckRunner>()
  /** Names of checks that code reports. */
  readonly #manual = new Set<string>()
  readonly #metrics
  readonly #shared
  readonly #overload: Required<OverloadOptions> | undefined
  readonly #shed = { low: 0, normal: 0, high: 0 }
  readonly #stops: (() => void)[]
  #state: Snapshot = { started: false, draining: false, overloaded: false, checks: [] }
  #answers: Answers
  #load = CALM
  #closed = false

  constructor(options: HealthOptions<Readonly<Record<string, Check>>>) {
    const { checks = {}, groups = {}, service = {}, clock = systemClock, meter = noopMeter } = options
    this.#options = options
    this.#context = { service, groups: groups as AnswerContext['groups'] }
    this.#metrics = meter.instruments(healthMetrics)
    this.#overload = resolveOverloadDefault(options.overload)
    for (const [name, check] of Object.entries(checks)) this.#startCheck(name, check)
    this.#state = { ...this.#state, checks: this.#reports() }
    this.#shared = createSharedState(this.#state)
    this.#answers = createAnswers(this.#context, this.#state, false)
    const utilization = options.utilization ?? createUtilizationGauge()
    this.#stops = [
      startHeartbeat(clock, utilization, this.#heartbeat()),
      meter.onCollect(() => this.#collect(), { name: 'health' }),
    ]
  }

  handle(path: string, caller?: { readonly authorized?: boolean }): HealthAnswer | undefined {
    return this.#answers(path, caller?.authorized === true)
  }

  page(): OpsPage {
    const module = new URL(
      import.meta.url.endsWith('.ts') ? './health-worker.ts' : './health-worker.js',
      import.meta.url,
    )
    const { wedgedAfterMs = 3000 } = this.#options
    const data: HealthPageData = { ...this.#context, buffer: this.#shared.buffer, wedgedAfterMs }
    return { paths: answerPaths(this.#context), access: 'open', worker: { module, data } }
  }

  admit(priority: Priority = 'normal'): Shed | undefined {
    if (this.#load.level === 0 || PRIORITIES.indexOf(priority) >= this.#load.level) return undefined
    this.#shed[priority as 'low' | 'normal' | 'high']++
    // Spread, so that those refused do not come back together.
    return { retryAfterMs: Math.round(RETRY_AFTER_MS * (1 + 2 * (this.#options.random ?? systemRandom).next())) }
  }

  add(name: string, check: Check): void {
    assertCheckName(name)
    if (this.#runners.has(name)) throw new TypeError(`Cannot add check ${name}: there is one, expected a new name`)
    if (this.#closed) return
    this.#startCheck(name, check)
    this.#change({ checks: this.#reports() })
  }

  report(name: string, up: boolean, message?: string): void {
    if (!this.#manual.has(name)) {
      throw new TypeError(`Cannot report check ${name}: not a manual check, expected a name declared with manualCheck`)
    }
    this.#runners.get(name)?.record({ outcome: up ? 'ok' : 'failed', message })
  }

  status(): Snapshot & { readonly unready: readonly string[] } {
    return { ...this.#state, unready: unreadyReasons(this.#state, false) }
  }

  markStarted(): void {
    this.#change({ started: true })
  }

  markDraining(): void {
    this.#change({ draining: true })
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops.splice(0)) stop()
    for (const runner of this.#runners.values()) runner.stop()
  }

  #startCheck(name: string, check: Check): void {
    const { clock = systemClock, random = systemRandom, scrubber } = this.#options
    if (check.run === undefined) this.#manual.add(name)
    const runner = startCheckRunner(name, check, {
      clock,
      random,
      scrub: (text) => scrubber?.text(text) ?? text,
      onResult: (report, before) => this.#onResult(report, before),
    })
    this.#runners.set(name, runner)
  }

  #onResult(report: CheckReport, before: CheckReport['status']): void {
    const { name: check, outcome = 'failed', durationMs, status } = report
    this.#metrics.checkRuns.inc({ check, outcome })
    if (durationMs !== undefined) this.#metrics.checkDuration.observe({ check }, durationMs / 1000)
    this.#change({ checks: this.#reports() })
    if (status === before) return
    const { logger = silentLogger } = this.#options
    if (status === 'down') logger.warn({ check, outcome, reason: report.message, scope: report.scope }, 'Check is down')
    else logger.info({ check, before }, 'Check is up')
  }

  #reports(): CheckReport[] {
    return [...this.#runners.values()].map((runner) => runner.report)
  }

  #change(part: Partial<Snapshot>): void {
    this.#state = { ...this.#state, ...part }
    this.#shared.write(this.#state)
    this.#answers = createAnswers(this.#context, this.#state, false)
  }

  #heartbeat() {
    return {
      onBeat: () => this.#shared.beat(),
      onSample: (sample: { readonly utilization: number; readonly delayMs: number }) => {
        if (this.#overload === undefined) return
        const before = this.#load.level
        this.#load = nextOverload(this.#load, sample, this.#overload)
        if (this.#load.level !== before) this.#onOverload(before, sample)
      },
      onBlocked: (blockedMs: number) =>
        this.#options.logger?.warn({ blockedMs: Math.round(blockedMs) }, 'Main thread was blocked'),
    }
  }

  #onOverload(before: number, sample: object): void {
    const { level } = this.#load
    if (level > 0 !== before > 0) this.#change({ overloaded: level > 0 })
    const { logger = silentLogger } = this.#options
    if (level > before) logger.warn({ level, ...sample }, 'Overloaded: shedding requests')
    else if (level === 0) logger.info(sample, 'Overload is over')
  }

  #collect(): void {
    const { checkUp, ready, overloadLevel, shed } = this.#metrics
    for (const { name: check, status } of this.#state.checks) checkUp.set({ check }, status === 'up' ? 1 : 0)
    ready.set({}, unreadyReasons(this.#state, false).length === 0 ? 1 : 0)
    overloadLevel.set({}, this.#load.level)
    for (const priority of ['low', 'normal', 'high'] as const) {
      if (this.#shed[priority] > 0) shed.inc({ priority }, this.#shed[priority])
      this.#shed[priority] = 0
    }
  }
}

function resolveOverloadDefault(overload: OverloadOptions | false | undefined): Required<OverloadOptions> | undefined {
  if (overload === false || (overload === undefined && process.env['NODE_ENV'] !== 'production')) return undefined
  return resolveOverload(overload ?? {})
}
