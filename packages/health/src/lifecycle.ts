/** createLifecycle: one owner of start, stop signals, drain, crash and exit. */
import { writeSync } from 'node:fs'
import { constants } from 'node:os'
import { isOpsError, type Lifecycle, type Logger, noopMeter, silentLogger, systemClock } from '@ops/core'
import { drainProblems } from './arithmetic.ts'
import { createBeacons } from './beacons.ts'
import { describeEnd, type EndOfLife } from './end-of-life.ts'
import { StartFailedError } from './errors.ts'
import { type HttpDrain, trackHttpServer } from './http-drain.ts'
import type { HttpServer } from './http-server.ts'
import { type LifecycleOptions, type LifecycleTimes, resolveTimes } from './lifecycle-options.ts'
import { lifecycleMetrics } from './metrics.ts'
import { type CrashKind, listenToProcess, type ProcessEvents } from './process-events.ts'
import { type ClosableSocket, createSocketDrain } from './socket-drain.ts'
import { createStartup, type PhaseRecord } from './startup.ts'
import type { StepRecord } from './step.ts'
import { drainAndClose, flushAll, GOODBYE_MS, type Hook } from './stop.ts'

/** Where a process is in its life. */
export type LifecycleState = 'starting' | 'started' | 'draining' | 'stopped'

/** What `status()` shows. JSON-safe. */
export interface LifecycleStatus {
  readonly state: LifecycleState
  /** The phases of the start. */
  readonly timeline: readonly PhaseRecord[]
  /** Steps of the stop that have ended. */
  readonly steps: readonly StepRecord[]
  /** Named work that a drain waits for. */
  readonly beacons: readonly string[]
  readonly requestsInFlight: number
  readonly connections: number
}

/** The life of a process, from its first phase to its last line. */
export interface ProcessLifecycle extends Lifecycle {
  /** Drains this server (HTTP/1.1, HTTP/2, WebSocket, event streams) at the stop; call it before it listens. */
  http(server: HttpServer, name?: string): void
  /** Says goodbye (1001) to a WebSocket, or what closes like one, at the stop. */
  socket(socket: ClosableSocket): void
  /** Holds the drain until the returned function is called. */
  beacon(name: string): () => void
  /**
   * Runs a phase of the start after those before it.
   *
   * @throws StartFailedError when it fails, after what was opened is closed; StartAbortedError once a stop was asked for.
   */
  phase<T>(name: string, run: () => T | Promise<T>): Promise<T>
  /** Ends the start, once all phases have run: the process becomes ready. Does nothing while it drains. */
  started(): Promise<void>
  status(): LifecycleStatus
  /** Stops the process: drains, closes, flushes and exits. The first call decides; all get the same record. */
  stop(reason?: string): Promise<EndOfLife>
}

/**
 * Creates the lifecycle of this process and takes its stop signals and uncaught errors.
 *
 * @throws RangeError for times outside their range, TypeError when another lifecycle has the signals.
 * @example
 * const lifecycle = createLifecycle({ health, propagationDelayMs: 5_000, deadlineMs: 25_000 })
 */
export function createLifecycle(options: LifecycleOptions = {}): ProcessLifecycle {
  return new ServiceLifecycle(options)
}

/** However long flushing may take at a stop, a crashed process is gone after this. */
const CRASH_FLUSH_MS = 2000

class ServiceLifecycle implements ProcessLifecycle {
  readonly #options: LifecycleOptions
  readonly #times: LifecycleTimes
  readonly #logger: Logger
  readonly #clock
  readonly #metrics
  readonly #startup
  readonly #beacons = createBeacons()
  readonly #claimed = new WeakSet<object>()
  readonly #sockets
  readonly #events: ProcessEvents
  readonly #servers: (Hook<HttpDrain> & { readonly server: HttpServer })[] = []
  readonly #drains: Hook<(signal: AbortSignal) => unknown>[] = []
  readonly #closes: Hook<() => unknown>[] = []
  readonly #flushes: Hook<() => unknown>[] = []
  readonly #steps: StepRecord[] = []
  #state: LifecycleState = 'starting'
  #stopping: Promise<EndOfLife> | undefined
  #crashed = false

  constructor(options: LifecycleOptions) {
    const { clock = systemClock, logger = silentLogger, meter = noopMeter, signals, crashPolicy = true } = options
    this.#options = options
    this.#times = resolveTimes(options)
    this.#logger = logger
    this.#clock = clock
    this.#metrics = meter.instruments(lifecycleMetrics)
    this.#startup = createStartup(clock)
    this.#sockets = createSocketDrain(clock, this.#claimed)
    const own = signals === false ? [] : (signals ?? (['SIGTERM', 'SIGINT'] as const))
    this.#events = listenToProcess(
      { signals: own, crashPolicy, clock },
      {
        onStop: (signal) => (this.#crashed ? this.#exitBySignal(signal) : void this.stop(signal)),
        onImpatience: (signal) => this.#exitBySignal(signal),
        onCrash: (error, kind) => void this.#crash(error, kind),
      },
    )
    meter.onCollect(() => this.#collect(), { name: 'lifecycle' })
  }

  get draining(): boolean {
    return this.#state === 'draining' || this.#state === 'stopped'
  }

  onDrain(name: string, run: (signal: AbortSignal) => void | Promise<void>): void {
    this.#drains.push({ name, run })
  }

  onClose(name: string, run: () => void | Promise<void>): void {
    this.#closes.push({ name, run })
  }

  onFlush(name: string, run: () => void | Promise<void>): void {
    this.#flushes.push({ name, run })
  }

  http(server: HttpServer, name = this.#servers.length === 0 ? 'http' : `http ${this.#servers.length + 1}`): void {
    const { idleLingerMs } = this.#times
    const run = trackHttpServer(server, {
      clock: this.#clock,
      idleLingerMs,
      goodbyeMs: GOODBYE_MS,
      claimed: this.#claimed,
    })
    this.#servers.push({ name, run, server })
  }

  socket(socket: ClosableSocket): void {
    this.#sockets.add(socket)
  }

  beacon(name: string): () => void {
    return this.#beacons.light(name)
  }

  async phase<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    try {
      return await this.#startup.phase(name, run)
    } catch (error) {
      if (isOpsError(error, 'OPS_HEALTH_START_ABORTED')) throw error
      this.#logger.fatal({ error, phase: name }, 'Start failed')
      await this.#stopOnce(`start failed in ${name}`, 1)
      throw new StartFailedError(name, error)
    }
  }

  async started(): Promise<void> {
    await this.#startup.phase('started', () => {}).catch(() => {})
    if (this.#state !== 'starting') return
    this.#state = 'started'
    for (const problem of this.#problems()) this.#logger.warn(`The stop does not add up: ${problem}`)
    const rivals = this.#events.rivals()
    if (rivals.length > 0) this.#logger.warn({ rivals }, 'Others listen to our stop signals and may end a drain')
    this.#options.health?.markStarted()
  }

  status(): LifecycleStatus {
    return {
      state: this.#state,
      timeline: [...this.#startup.timeline],
      steps: [...this.#steps],
      beacons: this.#beacons.names(),
      requestsInFlight: this.#servers.reduce((sum, { run }) => sum + run.inFlight, 0),
      connections: this.#servers.reduce((sum, { run }) => sum + run.connections, 0),
    }
  }

  stop(reason = 'stop'): Promise<EndOfLife> {
    return this.#stopOnce(reason, 0)
  }

  #stopOnce(reason: string, leastCode: number): Promise<EndOfLife> {
    return (this.#stopping ??= this.#stop(reason, leastCode))
  }

  async #stop(reason: string, leastCode: number): Promise<EndOfLife> {
    const startMs = this.#clock.monotonic()
    const propagate = this.#state === 'started' && this.#servers.length > 0
    this.#state = 'draining'
    this.#options.health?.markDraining()
    const rivals = this.#events.rivals()
    this.#logger.info({ reason, ...(rivals.length > 0 ? { rivals } : {}) }, 'Draining')
    const { clean, ...drained } = await drainAndClose(this.#parts(), propagate)
    if (drained.requests.cut > 0) this.#metrics.cut.inc({}, drained.requests.cut)
    const code = Math.max(leastCode, clean ? 0 : 1)
    const durationMs = Math.round(this.#clock.monotonic() - startMs)
    const end: EndOfLife = { reason, code, durationMs, ...drained, rivals }
    this.#logger[code === 0 ? 'info' : 'warn']({ ...end }, describeEnd(end))
    const flushed = await this.#flush(this.#times.flushTimeoutMs)
    const whole: EndOfLife = {
      ...end,
      code: flushed.every(({ outcome }) => outcome === 'done') ? code : 1,
      durationMs: Math.round(this.#clock.monotonic() - startMs),
      steps: [...end.steps, ...flushed],
    }
    this.#end(whole.code)
    return whole
  }

  #parts() {
    return {
      times: this.#times,
      clock: this.#clock,
      logger: this.#logger,
      startup: this.#startup,
      servers: this.#servers,
      sockets: this.#sockets,
      beacons: this.#beacons,
      drains: this.#drains,
      closes: this.#closes,
      onStep: (step: StepRecord) => this.#onStep(step),
    }
  }

  #onStep(step: StepRecord): void {
    this.#steps.push(step)
    this.#metrics.step.set({ step: step.name }, step.durationMs / 1000)
    if (step.outcome !== 'done') this.#logger.error({ ...step }, `Step of the stop ${step.outcome}`)
  }

  async #flush(limitMs: number): Promise<StepRecord[]> {
    const flushed = await flushAll(this.#flushes, { clock: this.#clock, limitMs })
    for (const step of flushed) this.#onStep(step)
    return flushed
  }

  /** Logged first: whatever happens next, the cause is out. */
  async #crash(error: unknown, kind: CrashKind): Promise<void> {
    if (this.#crashed) return this.#exit(1)
    // Both have been told already, and the stop is under way.
    if (isOpsError(error, 'OPS_HEALTH_START_ABORTED') || isOpsError(error, 'OPS_HEALTH_START_FAILED')) return
    this.#crashed = true
    this.#state = 'draining'
    this.#tellCrash(error, kind)
    this.#options.health?.markDraining()
    this.#metrics.crashes.inc({ kind })
    await this.#flush(Math.min(CRASH_FLUSH_MS, this.#times.flushTimeoutMs))
    this.#exit(1)
  }

  #tellCrash(error: unknown, kind: CrashKind): void {
    try {
      this.#logger.fatal({ error, kind }, 'Crashed')
      if (this.#logger === silentLogger) writeSync(2, `${error instanceof Error ? error.stack : String(error)}\n`)
    } catch {
      // A logger that throws, or a closed stderr: the exit code still tells.
    }
  }

  #exitBySignal(signal: NodeJS.Signals): void {
    this.#exit(128 + (constants.signals[signal] ?? 0))
  }

  /** A crash owns the exit once it has begun. */
  #end(code: number): void {
    if (!this.#crashed) this.#exit(code)
  }

  #exit(code: number): void {
    this.#state = 'stopped'
    this.#events.stop()
    this.#options.health?.close()
    const { exit = (status: number) => process.exit(status) } = this.#options
    exit(code)
  }

  #problems(): string[] {
    const { terminationGracePeriodMs, balancerIdleTimeoutMs } = this.#options
    const times = { ...this.#times, terminationGracePeriodMs, balancerIdleTimeoutMs }
    const servers = this.#servers.map(({ server }) =>
      'keepAliveTimeout' in server ? server.keepAliveTimeout : undefined,
    )
    const all = [undefined, ...servers].flatMap((keepAliveTimeoutMs) => drainProblems({ ...times, keepAliveTimeoutMs }))
    return [...new Set(all)]
  }

  #collect(): void {
    this.#metrics.draining.set({}, this.draining ? 1 : 0)
    if (!this.draining) return
    const { requestsInFlight, connections } = this.status()
    this.#metrics.inFlight.set({}, requestsInFlight)
    this.#metrics.connections.set({}, connections)
  }
}
