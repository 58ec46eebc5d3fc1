/** The server span of a request, named and described by OpenTelemetry's HTTP conventions. @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
import type { IncomingMessage } from 'node:http'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { WorkContext } from '@ops/core'

/** Starts the span as the local root of the unit of work. */
export function startServerSpan(tracer: Tracer, method: string, context: WorkContext): Span {
  return tracer.startSpan(method, { kind: SpanKind.SERVER }, context)
}

/** What is known of a request when it ends. */
export interface SpanOutcome {
  readonly route: string | undefined
  readonly path: string
  readonly status: number
  readonly error: unknown
  /** Monotonic milliseconds. */
  readonly endedMs: number
}

/** Describes and ends the span; 5xx and failures without a response are errors, 4xx are the caller's. */
export function endServerSpan(span: Span, request: IncomingMessage, outcome: SpanOutcome): void {
  if (span.isRecording()) {
    const { route, status, error } = outcome
    if (route !== undefined) span.updateName(`${request.method} ${route}`)
    span.setAttributes(attributesOf(request, outcome))
    if (error !== undefined) span.recordException(error as Error)
    if (status >= 500) {
      span.setAttribute('error.type', error instanceof Error ? error.name : String(status))
      span.setStatus(
        error instanceof Error
          ? { code: SpanStatusCode.ERROR, message: error.message }
          : { code: SpanStatusCode.ERROR },
      )
    }
  }
  span.end(outcome.endedMs)
}

function attributesOf(request: IncomingMessage, { route, path, status }: SpanOutcome): Attributes {
  const { headers, socket } = request
  return {
    'http.request.method': request.method,
    'http.route': route,
    'url.path': path,
    'url.scheme': 'encrypted' in socket ? 'https' : 'http',
    'server.address': headers.host,
    'client.address': socket.remoteAddress,
    'user_agent.original': headers['user-agent'],
    'network.protocol.version': request.httpVersion,
    'http.response.status_code': status,
  }
}
