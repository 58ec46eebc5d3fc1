/** Outgoing calls: `fetch` with the context's trace and deadline, one span, one duration, and a verdict on the dependency. */
import { type Attributes, context as otelContext, SpanKind, trace } from '@opentelemetry/api'
import { type Clock, type Meter, noopMeter, systemClock } from '@ops/core'
import { startAttempt } from './client-attempt.ts'
import { createClientOutcome } from './client-outcome.ts'
import { type ClientAttempt, type ClientPolicy, callOf } from './client-policy.ts'
import { HttpTimeoutError, HttpUnreachableError } from './errors.ts'
import { httpMetrics } from './metrics.ts'
import { OBSERVED } from './observe-fetch.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import { timeoutHeader } from './timeout-header.ts'
import { createTlsFetch, type TlsIdentity } from './tls-fetch.ts'

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
  /**
   * The certificate by which the client proves who it is, and whom it trusts; TLS 1.3 or later. A function is asked at each
   * request, so that what was rotated counts for the next connection. Needs an `https:` base URL, follows no redirects.
   *
   * @defaultValue no certificate; trust is Node's
   */
  readonly tls?: TlsIdentity | (() => TlsIdentity)
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** Calls one dependency. */
export interface Client {
  readonly name: string
  /**
   * Fetches `path` below the base URL, in the current context. The limits hold on until the body was read: `json()`, `text()`
   * and their kin reject with the same errors, a stream of the body is cut off when the time is up.
   *
   * @throws HttpTimeoutError when the time is up, HttpUnreachableError when there is no answer, the signal's reason when the caller aborted.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

/** Creates a client. @throws TypeError or RangeError for a name, URL or timeout it cannot use. */
export function createClient(options: ClientOptions): Client {
  const { name, timeoutMs = 10_000, meter = noopMeter, clock = systemClock } = options
  const base = parseBaseUrl(name, options.baseUrl)
  const fetchOnce = sender(options, base)
  if (!(timeoutMs >= 1 && timeoutMs <= 2_147_483_647)) {
    throw new RangeError(`Cannot create client ${name}: timeoutMs is ${timeoutMs}, expected 1 to 2147483647`)
  }
  const timeout = timeoutHeader(options.timeoutHeader)
  const outcome = createClientOutcome(meter.instruments(httpMetrics), name)
  const tracer = trace.getTracer('@ops/http')

  async function send(path: string, init: RequestInit, turn: ClientAttempt): Promise<Response> {
    const method = (init.method ?? 'GET').toUpperCase()
    const url = new URL(path.replace(/^\/+/, ''), base)
    if (url.origin !== base.origin)
      throw new TypeError(`Cannot call ${url.origin} by client ${name}: expected ${base.origin}`)
    const span = tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes: attributesOf(name, url, method, turn) })
    const started = clock.monotonic()
    const sinceStart = () => clock.monotonic() - started
    const attempt = startAttempt({ name, init, turn, timeoutMs: Math.min(timeoutMs, turn.timeoutMs), clock })
    try {
      const headers = new Headers(init.headers)
      for (const [key, value] of outgoingHeaders(span, { remainingMs: attempt.remainingMs, timeout }))
        headers.set(key, value)
      const active = trace.setSpan(otelContext.active(), span).setValue(OBSERVED, true)
      const response = await otelContext.with(active, () =>
        fetchOnce(url, { ...init, method, headers, signal: attempt.signal }),
      )
      outcome.answered(span, { method, status: response.status, durationMs: sinceStart() })
      return attempt.bound(response, outcome.broke)
    } catch (cause) {
      attempt.end()
      const error = attempt.explain(cause)
      // An abort is the caller's wish and says nothing about the dependency.
      const down = error instanceof HttpTimeoutError || error instanceof HttpUnreachableError
      // The quicker sending answered for this one: nothing failed.
      if (turn.signal?.aborted) outcome.cancelled(span, { method, durationMs: sinceStart() })
      else outcome.failed(span, { method, durationMs: sinceStart(), error, down })
      throw error
    } finally {
      span.end()
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

/** @throws TypeError where certificates cannot be used. */
function sender({ name, tls, fetch: given }: ClientOptions, base: URL): typeof fetch {
  if (tls === undefined) return given ?? fetch
  if (given !== undefined)
    throw new TypeError(`Cannot create client ${name}: both tls and fetch are given, expected one of them`)
  if (base.protocol !== 'https:')
    throw new TypeError(`Cannot create client ${name}: tls is given and baseUrl is ${base.origin}, expected https:`)
  return createTlsFetch(tls)
}

function attributesOf(name: string, url: URL, method: string, turn: ClientAttempt): Attributes {
  return {
    'http.request.method': method,
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    'url.full': `${url.origin}${url.pathname}`,
    'peer.service': name,
    ...(turn.number > 1 ? { 'http.request.resend_count': turn.number - 1 } : {}),
    ...(turn.hedge ? { 'ops.hedge': true } : {}),
  }
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
