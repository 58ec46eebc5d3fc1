/** One attempt: the handler in its own context and trace, with a deadline, until it ends or is given up. */
import { type Link, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Clock, createContext, runInContext, type Timer, type WorkContext } from '@ops/core'
import { baggageContext } from './baggage.ts'
import type { Deadlines } from './deadlines.ts'
import type { Envelope } from './envelope.ts'
import { producerOf } from './envelope.ts'
import { type AbortKind, JobAbortError } from './errors.ts'

/** What an attempt runs. */
export interface AttemptOptions {
  readonly id: string
  readonly job: string
  readonly queue: string
  readonly envelope: Envelope
  readonly timeoutMs: number
  /** Names of the baggage entries that travel. */
  readonly baggage: readonly string[]
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Called when the handler goes on though it was given up. */
  readonly onZombie: () => void
  readonly run: (context: WorkContext) => Promise<unknown>
}

/** How long an aborted handler may take to end before it is given up. */
const GRACE_MS = 1_000
const tracer = trace.getTracer('@ops/queue')

/** A running attempt. */
export class Attempt {
  readonly #options: AttemptOptions
  readonly context: WorkContext
  #abort: JobAbortError | undefined
  #giveUp: (error: JobAbortError) => void = () => {}
  #grace: Timer | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    const { clock, envelope, timeoutMs, baggage } = options
    const left = envelope.dl === undefined ? timeoutMs : Math.min(timeoutMs, Math.max(0, envelope.dl - clock.now()))
    const base = baggageContext(envelope.b, baggage)
    this.context = createContext({ tenant: envelope.t, deadline: clock.monotonic() + left, base })
  }

  /** Asks the handler to stop, and gives it up when it does not; the first reason stays. */
  abort(kind: AbortKind): void {
    if (this.#abort !== undefined) return
    const error = new JobAbortError(this.#options.job, kind)
    this.#abort = error
    this.context.abort(error)
    this.#grace = this.#options.clock.setTimeout(() => this.#giveUp(error), GRACE_MS)
  }

  /**
   * Settles as the handler does.
   *
   * @throws what the handler threw, or the JobAbortError when it failed or had to be given up after an abort.
   */
  async settle(): Promise<unknown> {
    const { deadlines, timeoutMs } = this.#options
    const cancel = deadlines.add(timeoutMs, () => this.abort('timeout'))
    let pending = true
    const given = new Promise<never>((_, reject) => {
      this.#giveUp = (error) => {
        if (pending) this.#options.onZombie()
        reject(error)
      }
    })
    given.catch(() => {})
    try {
      const result = this.#inSpan()
      result.then(
        () => (pending = false),
        () => (pending = false),
      )
      const value = await Promise.race([result, given])
      // Another worker has the job: what this one found out must not count.
      if (this.#abort?.kind === 'lock_lost') throw this.#abort
      return value
    } catch (error) {
      throw this.#abort ?? error
    } finally {
      cancel()
      this.#grace?.cancel()
    }
  }

  async #inSpan(): Promise<unknown> {
    const { job, queue, id, envelope, run } = this.#options
    const producer = producerOf(envelope)
    const links: Link[] = producer === undefined ? [] : [{ context: { ...producer, isRemote: true } }]
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.destination.name': queue,
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
      return await runInContext(context, () => run(context))
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
