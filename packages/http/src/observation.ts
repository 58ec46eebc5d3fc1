/** One record per request, from which its log line, its metrics and its span are made when the response ends. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Span } from '@opentelemetry/api'
import type { WorkContext } from '@ops/core'
import type { Task } from './afterwards.ts'

/** A request under way. Adapters say the route and the error; the rest is seen here. */
export interface Observation {
  /** The context the handler runs in. */
  readonly context: WorkContext
  /** The route's template, `/orders/:id`; undefined stays `__unmatched__`. */
  route: string | undefined
  /** The error the handler failed with; the first one stays. */
  fail(error: unknown): void
}

/** What is known of a request from the start. */
export interface RequestStart {
  readonly context: WorkContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly span: Span
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly routeOf: ((request: IncomingMessage) => string | undefined) | undefined
  /** Makes line, series and span of an ended request. */
  readonly onSettle: (record: RequestRecord) => void
}

/** The state behind an {@link Observation}; a class, because every request makes one and shapes must not differ. */
export class RequestRecord implements Observation, RequestStart, Task {
  readonly context: WorkContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly span: Span
  readonly startedMs: number
  readonly routeOf: RequestStart['routeOf']
  readonly onSettle: RequestStart['onSettle']
  route: string | undefined
  error: unknown
  /** Monotonic milliseconds; undefined while the request is under way. */
  endedMs: number | undefined
  /** As recorded: that of a client gone is never sent. */
  status: number

  constructor(start: RequestStart) {
    this.context = start.context
    this.request = start.request
    this.response = start.response
    this.span = start.span
    this.startedMs = start.startedMs
    this.routeOf = start.routeOf
    this.onSettle = start.onSettle
    this.route = undefined
    this.error = undefined
    this.endedMs = undefined
    this.status = 0
  }

  fail(error: unknown): void {
    this.error ??= error
  }

  settle(): void {
    this.onSettle(this)
  }
}
