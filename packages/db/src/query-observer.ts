/** Measures one statement: a duration, a failure count and a client span, from dispatch to result. Nothing here may throw. */
import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  type BoundHistogram,
  type Clock,
  type Counter,
  type Instruments,
  type Logger,
  noopMeter,
  silentLogger,
  systemClock,
} from '@ops/core'
import { dbMetrics } from './metrics.ts'
import type { Operation } from './operation.ts'
import type { ObservePoolOptions } from './options.ts'
import { describeStatement } from './statement.ts'

/** Ends the observation of one statement; only the first call counts. */
export type Finish = (error?: unknown) => void

/** What hooks call. */
export interface QueryObserver {
  /** Starts observing a statement, with what is known of its server. */
  start(text: unknown, server: Attributes): Finish
  /** Counts a failure that belongs to no statement. */
  failed(kind: 'connect' | 'idle', error: unknown): void
  /** Observes nothing from now on: a hook that somebody else has wrapped cannot be taken off. */
  stop(): void
}

const ERROR_CODE = /^[A-Za-z0-9_]{1,64}$/
const nothing: Finish = () => {}

/** SQLSTATE or system code; else the error's class. Never the message, which may quote values. */
function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  if (typeof code === 'string' && ERROR_CODE.test(code)) return code
  return typeof name === 'string' && ERROR_CODE.test(name) ? name : '_OTHER'
}

class PoolQueryObserver implements QueryObserver {
  readonly #db: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #instruments: Instruments<typeof dbMetrics>
  readonly #durations = new Map<Operation, BoundHistogram>()
  readonly #errors: Counter<typeof dbMetrics.errors.labels>
  #broken = false
  #stopped = false

  constructor(options: ObservePoolOptions) {
    this.#db = options.name
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#instruments = (options.meter ?? noopMeter).instruments(dbMetrics)
    this.#errors = this.#instruments.errors
  }

  start(text: unknown, server: Attributes): Finish {
    if (this.#stopped) return nothing
    try {
      const { operation, shape } = describeStatement(typeof text === 'string' ? text : '')
      const startedAt = this.#clock.monotonic()
      const span = this.#startSpan(operation, shape, server)
      let open = true
      return (error) => {
        if (!open) return
        open = false
        this.#finish(operation, startedAt, span, error)
      }
    } catch (error) {
      this.#report(error)
      return nothing
    }
  }

  failed(kind: 'connect' | 'idle', error: unknown): void {
    if (this.#stopped) return
    try {
      this.#errors.inc({ db: this.#db, kind })
      if (kind === 'idle') this.#logger.warn({ db: this.#db, code: errorCode(error) }, 'idle database connection lost')
    } catch (failure) {
      this.#report(failure)
    }
  }

  stop(): void {
    this.#stopped = true
  }

  #startSpan(operation: Operation, shape: string, server: Attributes): Span {
    const name = operation === 'other' ? this.#db : `${operation.toUpperCase()} ${this.#db}`
    return trace.getTracer('@ops/db').startSpan(name, {
      kind: SpanKind.CLIENT,
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': operation.toUpperCase(),
        'db.query.text': shape,
        'db.client.connection.pool.name': this.#db,
        ...server,
      },
    })
  }

  #finish(operation: Operation, startedAt: number, span: Span, error: unknown): void {
    try {
      this.#duration(operation).observe((this.#clock.monotonic() - startedAt) / 1000)
      if (error !== undefined && error !== null) this.#markFailed(span, error)
      span.end()
    } catch (failure) {
      this.#report(failure)
    }
  }

  #markFailed(span: Span, error: unknown): void {
    const code = errorCode(error)
    this.#errors.inc({ db: this.#db, kind: 'query' })
    span.setAttributes({ 'error.type': code, ...(SQLSTATE.test(code) ? { 'db.response.status_code': code } : {}) })
    span.setStatus({ code: SpanStatusCode.ERROR, message: code })
  }

  #duration(operation: Operation): BoundHistogram {
    let duration = this.#durations.get(operation)
    if (duration === undefined) {
      duration = this.#instruments.queryDuration.bind({ db: this.#db, operation })
      this.#durations.set(operation, duration)
    }
    return duration
  }

  /** Said once: an observation that fails would fail for every statement. */
  #report(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
    try {
      this.#logger.error({ error, db: this.#db }, 'database observation failed')
    } catch {
      // A logger that throws has broken its own contract; the statement goes on.
    }
  }
}

const SQLSTATE = /^[0-9A-Z]{5}$/

/** Creates the observer of one pool. */
export function createQueryObserver(options: ObservePoolOptions): QueryObserver {
  return new PoolQueryObserver(options)
}
