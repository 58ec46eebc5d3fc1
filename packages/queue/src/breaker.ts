/**
 * The breaker of one worker: takes no jobs while the queue's other side is out, probes with one, resumes. Counts and state are the
 * queue's, in {@link Outage}; so all workers stop with the first, and one of them probes.
 */
import { type Clock, createSpanId, type Logger, type Timer } from '@ops/core'
import type { BreakerOptions, OutageType } from './breaker-options.ts'
import type { ErrorType } from './metrics.ts'
import type { Outage } from './outage.ts'

/** How a worker takes jobs. */
export interface Tap {
  /** None from now on. */
  stop(): void
  /** One more than run now. */
  takeOne(): void
  /** As many as it is made for. */
  takeAll(): void
}

/** What a {@link Breaker} works with. */
export interface BreakerPorts {
  readonly queue: string
  readonly outage: Outage
  readonly options: Required<BreakerOptions>
  readonly tap: Tap
  readonly clock: Clock
  readonly logger: Logger
}

type State = 'closed' | 'open' | 'probing'

/** Longest time in which a worker learns what another found out. */
const LOOK_MS = 1_000

/** Decides whether a worker takes jobs. */
export class Breaker {
  readonly #ports: BreakerPorts
  readonly #id: string = createSpanId()
  #state: State = 'closed'
  /** Attempts of this worker that ended otherwise than by an outage, not told to the others yet, and since when. */
  #others = 0
  #since = 0
  #timer: Timer | undefined
  #looking: Promise<void> | undefined

  constructor(ports: BreakerPorts) {
    this.#ports = ports
  }

  /** True while jobs are to be handed back. */
  get open(): boolean {
    return this.#state === 'open'
  }

  /** True while an attempt that begins is a probe. */
  get probing(): boolean {
    return this.#state === 'probing'
  }

  /** Learns how things stand, and goes on doing so. */
  async start(): Promise<void> {
    const { clock, options } = this.#ports
    this.#timer = clock.setInterval(() => void this.#look(), Math.min(LOOK_MS, options.openMs / 2))
    await this.#look()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** An attempt ended, otherwise than by an outage. */
  passed(wasProbe: boolean): void {
    const { clock, options, outage, logger, queue } = this.#ports
    const now = clock.monotonic()
    if (now - this.#since > options.windowMs) {
      this.#since = now
      this.#others = 0
    }
    this.#others++
    if (!wasProbe || this.#state !== 'probing') return
    outage.end().then(
      () => this.#close(),
      (error: unknown) => logger.debug({ queue, error }, 'breaker could not be closed'),
    )
  }

  /** An attempt failed. Resolves with how long its job is to be parked; undefined when the failure counts for the job. */
  async failed(type: ErrorType, wasProbe: boolean): Promise<number | undefined> {
    const { options, outage } = this.#ports
    if (!isOutage(type, options.errorTypes)) {
      this.passed(wasProbe)
      return undefined
    }
    if (wasProbe) {
      const wait = await outage.countFailedProbe()
      if (wait !== undefined) this.#open(type)
      // Behind the others, so that the next probe is another job.
      return wait
    }
    const wait = await outage.countFailure(type, this.#others)
    this.#others = 0
    if (wait === undefined) return undefined
    this.#open(type)
    return 0
  }

  async #look(): Promise<void> {
    this.#looking ??= this.#learn().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  async #learn(): Promise<void> {
    const { outage, logger, queue } = this.#ports
    try {
      const { open, probe } = await outage.look(this.#id)
      if (open === undefined) this.#close()
      else if (!probe) this.#open(open)
      else if (this.#state !== 'probing') this.#probe()
    } catch (error) {
      logger.debug({ queue, error }, 'breaker could not be read')
    }
  }

  #open(type: OutageType): void {
    if (this.#state === 'open') return
    const { queue, tap, logger } = this.#ports
    if (this.#state === 'closed')
      logger.warn({ queue, error_type: type }, 'breaker opened: no jobs are taken until a probe succeeds')
    this.#state = 'open'
    tap.stop()
  }

  #probe(): void {
    this.#state = 'probing'
    this.#ports.tap.takeOne()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#ports.logger.info({ queue: this.#ports.queue }, 'breaker closed: jobs are taken again')
    this.#ports.tap.takeAll()
  }
}

function isOutage(type: ErrorType, types: readonly OutageType[]): type is OutageType {
  return (types as readonly ErrorType[]).includes(type)
}
