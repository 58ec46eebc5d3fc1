/** One attempt: the handler in its own context and trace, with a deadline, until it ends or is given up. */
import { type Link, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Clock, createContext, runInContext, type Timer, type WorkContext } from '@ops/core'
import { baggageContext } from './baggage.ts'
import type { Deadlines } from './deadlines.ts'
import type { Envelope } from './envelope.ts'
import { producerOf } from './envelope.ts'
import { type AbortKind, JobAbortError } from './errors.ts'
import { storable } from './result.ts'

/** What all attempts of a worker share. */
export interface AttemptPorts {
  readonly queue: string
  /** Names of the baggage entries that travel. */
  readonly baggage: readonly string[]
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** What an attempt runs. */
export interface AttemptOptions {
  readonly id: string
  readonly job: string
  readonly envelope: Envelope
  readonly timeoutMs: number
  /** Called when the handler goes on though it was given up. */
  readonly onZombie: () => void
  /** The handler; its result must be storable. */
  readonly run: (context: WorkContext) => unknown
}

/** How long an aborted handler may take to end before it is given up. */
const GRACE_MS = 1_000
const tracer = trace.getTracer('@ops/queue')

/** A running attempt. */
export class Attempt {
  readonly #ports: AttemptPorts
  readonly #options: AttemptOptions
  readonly context: WorkContext
  #abort: JobAbortError | undefined
  #giveUp: (error: JobAbortError) => void = () => {}
  #grace: Timer | undefined
  #ended = false

  constructor(ports: AttemptPorts, options: AttemptOptions) {
    this.#ports = ports
    this.#options = options
    const { clock, baggage } = ports
    const { envelope, timeoutMs } = options
    const left = envelope.dl === undefined ? timeoutMs : Math.min(timeoutMs, Math.max(0, envelope.dl - clock.now()))
    const base = baggageContext(envelope.b, baggage)
    this.context = createContext({ tenant: envelope.t, deadline: clock.monotonic() + left, base })
  }

  /** Asks the handler to stop, and gives it up when it does not; the first reason stays. */
  abort(kind: AbortKind): void {
    if (this.#abort !== undefined || this.#ended) return
    const error = new JobAbortError(this.#options.job, kind)
    this.#abort = error
    this.context.abort(error)
    this.#grace = this.#ports.clock.setTimeout(() => this.#giveUp(error), GRACE_MS)
  }

  /**
   * Settles as the handler does.
   *
   * @throws what the handler threw, or the JobAbortError when it failed or had to be given up after an abort.
   */
  settle(): Promise<unknown> {
    const { timeoutMs, onZombie } = this.#options
    const cancel = this.#ports.deadlines.add(timeoutMs, () => this.abort('timeout'))
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#ended = true
        cancel()
        this.#grace?.cancel()
      }
      this.#giveUp = (error) => {
        end()
        onZombie()
        reject(error)
      }
      this.#inSpan().then(
        (value) => {
          end()
          // Another worker has the job: what this one found out must not count.
          if (this.#abort?.kind === 'lock_lost') reject(this.#abort)
          else resolve(value)
        },
        (error: unknown) => {
          end()
          reject(this.#abort ?? error)
        },
      )
    })
  }

  async #inSpan(): Promise<unknown> {
    const { job, id, envelope, run } = this.#options
    const producer = producerOf(envelope)
    const links: Link[] = producer === undefined ? [] : [{ context: { ...producer, isRemote: true } }]
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.destination.name': this.#ports.queue,
      'messaging.message.id': id,
      'messaging.operation.type': 'process',
    }
    const span = tracer.startSpan(
      `process ${job}`,
      { root: true, links, kind: SpanKind.CONSUMER, attributes },
      this.context,
    )
    const context = trace.setSpan(this.context, span) as WorkContext
    try {
      return storable(await runInContext(context, () => run(context)))
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : typeof error })
      if (error instanceof Error)
        span.recordException({ name: error.name, message: String(error.message).slice(0, 1024) })
      throw error
    } finally {
      span.end()
    }
  }
}
