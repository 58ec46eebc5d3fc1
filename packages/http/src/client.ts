/** Outgoing calls: `fetch` with the context's trace and deadline, one span, one duration, and a verdict on the dependency. */
import { context as otelContext, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  type BoundGauge,
  type BoundHistogram,
  type Clock,
  currentContext,
  formatTraceparent,
  type Meter,
  noopMeter,
  systemClock,
  type WorkContext,
} from '@ops/core'
import { type ClientAttempt, type ClientPolicy, callOf } from './client-policy.ts'
import { HttpTimeoutError, HttpUnreachableError } from './errors.ts'
import { httpMetrics, methodLabel } from './metrics.ts'
import { type TimeoutHeader, timeoutHeader } from './timeout-header.ts'

/** What a client is made of. */
export interface ClientOptions {
  /** Name of the dependency: the `client` and `dependency` label. */
  readonly name: string
  /** Absolute `http:` or `https:` URL that paths are resolved against; its host receives the trace headers. */
  readonly baseUrl: string | URL
  /** Longest wait for the response headers and the body, in milliseconds, 1 to 2_147_483_647; the context's deadline may shorten it. @defaultValue 10_000 */
  readonly timeoutMs?: number
  /** What stands around each call, `standardPipeline()` of @ops/resilience for one. @defaultValue each call is sent once */
  readonly policy?: ClientPolicy
  /** Header that says how long is left; `grpc-timeout` is written by gRPC's grammar. @defaultValue 'x-request-timeout-ms' */
  readonly timeoutHeader?: string
  /** Sends the request. @defaultValue the global `fetch` */
  readonly fetch?: typeof fetch
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** Calls one dependency. */
export interface Client {
  readonly name: string
  /**
   * Fetches `path` below the base URL, in the current context.
   *
   * @throws HttpTimeoutError when the time is up, HttpUnreachableError when there is no answer, the signal's reason when the caller aborted.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

/** Creates a client. @throws TypeError or RangeError for a name, URL or timeout it cannot use. */
export function createClient(options: ClientOptions): Client {
  const { name, timeoutMs = 10_000, meter = noopMeter, clock = systemClock } = options
  const fetchOnce = options.fetch ?? fetch
  const base = parseBaseUrl(name, options.baseUrl)
  if (!(timeoutMs >= 1 && timeoutMs <= 2_147_483_647)) {
    throw new RangeError(`Cannot create client ${name}: timeoutMs is ${timeoutMs}, expected 1 to 2147483647`)
  }
  const timeout = timeoutHeader(options.timeoutHeader)
  const metrics = meter.instruments(httpMetrics)
  const up = metrics.dependencyUp.bind({ dependency: name })
  const durations = new Map<string, BoundHistogram>()
  const durationOf = (method: string, status: string): BoundHistogram => {
    const key = `${method} ${status}`
    let series = durations.get(key)
    if (series === undefined) {
      series = metrics.clientDuration.bind({ client: name, method: methodLabel(method), status })
      durations.set(key, series)
    }
    return series
  }
  const tracer = trace.getTracer('@ops/http')

  async function send(path: string, init: RequestInit, turn: ClientAttempt): Promise<Response> {
    const method = (init.method ?? 'GET').toUpperCase()
    const url = new URL(path.replace(/^\/+/, ''), base)
    if (url.origin !== base.origin)
      throw new TypeError(`Cannot call ${url.origin} by client ${name}: expected ${base.origin}`)
    const span = tracer.startSpan(method, {
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': method,
        'server.address': url.hostname,
        'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        'url.full': `${url.origin}${url.pathname}`,
        'peer.service': name,
        ...(turn.number > 1 ? { 'http.request.resend_count': turn.number - 1 } : {}),
        ...(turn.hedge ? { 'ops.hedge': true } : {}),
      },
    })
    const started = clock.monotonic()
    const attempt = startAttempt({ name, init, turn, timeoutMs: Math.min(timeoutMs, turn.timeoutMs), clock })
    try {
      const headers = outgoingHeaders(init, span, { remainingMs: attempt.remainingMs, timeout })
      const response = await otelContext.with(trace.setSpan(otelContext.active(), span), () =>
        fetchOnce(url, { ...init, method, headers, signal: attempt.signal }),
      )
      settle(span, up, response.status)
      durationOf(methodLabel(method), String(response.status)).observe((clock.monotonic() - started) / 1000)
      return response
    } catch (cause) {
      const error = attempt.explain(cause)
      durationOf(methodLabel(method), 'error').observe((clock.monotonic() - started) / 1000)
      // An abort is the caller's wish and says nothing about the dependency.
      if (error instanceof HttpTimeoutError || error instanceof HttpUnreachableError) up.set(0)
      // The quicker sending answered for this one: nothing failed.
      if (turn.signal?.aborted) span.setAttribute('ops.cancelled', true)
      else recordFailure(span, error)
      throw error
    } finally {
      span.end()
      attempt.end()
    }
  }

  const policy = options.policy?.({ name, meter, clock })
  return {
    name,
    fetch: async (path, init = {}) =>
      policy === undefined
        ? send(path, init, { number: 1, timeoutMs })
        : policy({ ...callOf(init), send: (turn) => send(path, init, turn) }),
  }
}

function settle(span: Span, up: BoundGauge, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
  up.set(status < 500 ? 1 : 0)
}

function recordFailure(span: Span, error: unknown): void {
  span.recordException(error as Error)
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
}

interface Attempt {
  readonly signal: AbortSignal
  readonly remainingMs: number
  /** The failure in this package's terms. */
  explain(cause: unknown): unknown
  end(): void
}

/** One signal out of the caller's, the context's and the clock's. */
function startAttempt(from: {
  name: string
  init: RequestInit
  turn: ClientAttempt
  timeoutMs: number
  clock: Clock
}): Attempt {
  const { name, init, turn, timeoutMs, clock } = from
  const context = currentContext()
  const remainingMs = Math.max(
    0,
    Math.min(timeoutMs, context?.deadline === undefined ? Infinity : context.deadline - clock.monotonic()),
  )
  const expired = new AbortController()
  const timer = clock.setTimeout(() => expired.abort(), remainingMs)
  const callers = [init.signal, turn.signal, context?.signal].filter(
    (signal) => signal !== undefined && signal !== null,
  )
  return {
    signal: AbortSignal.any([expired.signal, ...callers]),
    remainingMs,
    explain(cause) {
      const aborted = callers.find((signal) => signal.aborted)
      if (aborted !== undefined) return aborted.reason
      return expired.signal.aborted
        ? new HttpTimeoutError(name, remainingMs, { cause })
        : new HttpUnreachableError(name, cause)
    },
    end: () => timer.cancel(),
  }
}

/** The caller's headers and, where the context has them, trace and remaining time. */
function outgoingHeaders(
  init: RequestInit,
  span: Span,
  { remainingMs, timeout }: { readonly remainingMs: number; readonly timeout: TimeoutHeader },
): Headers {
  const headers = new Headers(init.headers)
  const context: WorkContext | undefined = currentContext()
  const own = span.spanContext()
  const ids = Number.parseInt(own.traceId, 16) === 0 ? context : own
  if (ids === undefined) return headers
  const traceFlags = 'traceFlags' in ids ? ids.traceFlags : (context?.parent?.traceFlags ?? 0)
  headers.set('traceparent', formatTraceparent({ traceId: ids.traceId, spanId: ids.spanId, traceFlags }))
  headers.set('x-trace-id', ids.traceId)
  const traceState = own.traceState?.serialize() || context?.traceState
  if (traceState !== undefined && traceState !== '') headers.set('tracestate', traceState)
  headers.set(timeout.name, timeout.format(remainingMs))
  return headers
}

function parseBaseUrl(name: string, baseUrl: string | URL): URL {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`Cannot create a client: name is ${JSON.stringify(name)}, expected text`)
  const url = URL.canParse(String(baseUrl)) ? new URL(baseUrl) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError(
      `Cannot create client ${name}: baseUrl is ${JSON.stringify(String(baseUrl))}, expected an absolute http(s) URL`,
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}
