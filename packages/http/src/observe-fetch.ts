/**
 * Observes the calls of the global `fetch`, and of undici, that no client of ours makes: by their diagnostics channels, so that
 * nothing is patched.
 *
 * @see https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { context as otelContext, type Span, SpanKind, trace } from '@opentelemetry/api'
import { type Clock, currentContext, type Meter, noopMeter, registerContextManager, systemClock } from '@ops/core'
import { type ClientOutcome, createClientOutcome, UNNAMED } from './client-outcome.ts'
import { httpMetrics } from './metrics.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import { timeoutHeader } from './timeout-header.ts'

/** Marks contexts whose calls are observed by who makes them. */
export const OBSERVED: symbol = Symbol.for('@ops/http/observed')
/** Where the OpenTelemetry SDK marks contexts whose spans nobody wants. */
const SUPPRESSED = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** What observing takes. */
export interface ObserveFetchOptions {
  /** Names by host (`api.example.com` or `api.example.com:8443`), the `client` and `dependency` label. @defaultValue none: all are `_OTHER` */
  readonly clients?: Readonly<Record<string, string>>
  /** Hosts that receive trace and remaining time: `host`, `host:port`, or `*.example.com` for all below. @defaultValue none */
  readonly propagateTo?: readonly string[]
  /** Header that says how long is left. @defaultValue 'x-request-timeout-ms' */
  readonly timeoutHeader?: string
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** The part of undici's request that is read here. */
interface UndiciRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  addHeader(name: string, value: string): unknown
}

interface Call {
  readonly span: Span
  readonly outcome: ClientOutcome
  readonly startedMs: number
}

/** Starts observing: one span, one duration and a verdict on the dependency for each call. Returns how to stop. */
export function observeFetch(options: ObserveFetchOptions = {}): () => void {
  const { clients = {}, clock = systemClock, meter = noopMeter } = options
  const propagates = hostMatcher(options.propagateTo ?? [])
  const timeout = timeoutHeader(options.timeoutHeader)
  const metrics = meter.instruments(httpMetrics)
  const outcomes = new Map<string, ClientOutcome>()
  const calls = new WeakMap<UndiciRequest, Call>()
  registerContextManager()

  function outcomeOf(name: string): ClientOutcome {
    let outcome = outcomes.get(name)
    if (outcome === undefined) outcomes.set(name, (outcome = createClientOutcome(metrics, name)))
    return outcome
  }

  function start(request: UndiciRequest): void {
    const context = otelContext.active()
    if (context.getValue(OBSERVED) === true || context.getValue(SUPPRESSED) === true) return
    const url = new URL(request.path, request.origin)
    const name = clients[url.host] ?? clients[url.hostname] ?? UNNAMED
    const span = startSpan(request, url, name)
    if (propagates(url)) {
      const deadline = currentContext()?.deadline
      const left = deadline === undefined ? undefined : { remainingMs: deadline - clock.monotonic(), timeout }
      for (const [header, value] of outgoingHeaders(span, left)) request.addHeader(header, value)
    }
    calls.set(request, { span, outcome: outcomeOf(name), startedMs: clock.monotonic() })
  }

  function finish(request: UndiciRequest, record: (call: Call, durationMs: number) => void): void {
    const call = calls.get(request)
    if (call === undefined) return
    calls.delete(request)
    record(call, clock.monotonic() - call.startedMs)
    call.span.end()
  }

  return listen({
    'undici:request:create': ({ request }) => start(request),
    'undici:request:headers': ({ request, response }) =>
      finish(request, ({ span, outcome }, durationMs) =>
        outcome.answered(span, { method: request.method, status: response?.statusCode ?? 0, durationMs }),
      ),
    'undici:request:error': ({ request, error }) =>
      finish(request, ({ span, outcome }, durationMs) =>
        // An abort is the caller's wish and says nothing about the dependency.
        outcome.failed(span, { method: request.method, durationMs, error, down: !isAbort(error) }),
      ),
  })
}

interface Message {
  readonly request: UndiciRequest
  readonly response?: { readonly statusCode: number }
  readonly error?: unknown
}

/** Telemetry never hurts: what a listener throws would be an uncaught exception. */
function listen(listeners: Readonly<Record<string, (message: Message) => void>>): () => void {
  const guarded = Object.entries(listeners).map(([channel, listener]) => {
    const guard = (message: unknown) => {
      try {
        listener(message as Message)
      } catch {
        // Another version of undici, whose messages we cannot read: its calls go on unobserved.
      }
    }
    subscribe(channel, guard)
    return () => unsubscribe(channel, guard)
  })
  return () => {
    for (const stop of guarded) stop()
  }
}

function startSpan({ method }: UndiciRequest, url: URL, name: string): Span {
  return trace.getTracer('@ops/http').startSpan(method, {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      'url.full': `${url.origin}${url.pathname}`,
      ...(name === UNNAMED ? {} : { 'peer.service': name }),
    },
  })
}

function hostMatcher(patterns: readonly string[]): (url: URL) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.startsWith('*.')))
  const suffixes = patterns.filter((pattern) => pattern.startsWith('*.')).map((pattern) => pattern.slice(1))
  return ({ host, hostname }) =>
    exact.has(host) || exact.has(hostname) || suffixes.some((suffix) => hostname.endsWith(suffix))
}

function isAbort(error: unknown): boolean {
  const { name } = (error ?? {}) as { readonly name?: unknown }
  return name === 'AbortError' || name === 'TimeoutError' || name === 'RequestAbortedError'
}
