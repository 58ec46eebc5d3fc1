/** The request path: the one place where every request pays, in every framework alike. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { trace } from '@opentelemetry/api'
import {
  type Logger,
  type LogLevel,
  noopMeter,
  registerContextManager,
  runInContext,
  silentLogger,
  systemClock,
  type WorkContext,
} from '@ops/core'
import { type Admission, createAdmission } from './admission.ts'
import { afterwards } from './afterwards.ts'
import { ClientClosedError } from './errors.ts'
import { readContext } from './inbound.ts'
import { httpMetrics } from './metrics.ts'
import { type Observation, RequestRecord } from './observation.ts'
import type { Answer, RequestPathOptions } from './options.ts'
import { reserveRoute } from './reserved-routes.ts'
import { createRouteSeries } from './route-series.ts'
import { endServerSpan, startServerSpan } from './server-span.ts'
import { timeoutHeader } from './timeout-header.ts'
import { createTrust } from './trust.ts'

/** Label of requests that no route matched: one series, however many paths a scanner tries. */
export const UNMATCHED_ROUTE = '__unmatched__'
/** Status recorded when the client went away before the response ended; never sent. */
export const CLIENT_CLOSED = 499

/** Response header that carries the trace id. */
export const TRACE_ID_HEADER = 'x-trace-id'
/** Response header that carries the request id. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** Reads the route's template from a request that has ended, for frameworks that know it late. */
export type RouteOf = (request: IncomingMessage) => string | undefined

/** What an adapter calls. */
export interface RequestPath {
  /** Says that there is a route, known at registration: its series have places of their own, whatever scanners ask for. */
  declare(route: string): void
  /** The answer to give at once: a probe's, or a refusal under overload. Undefined for a request to be served. */
  intercept(request: IncomingMessage): Answer | undefined
  /**
   * Starts the observation; it ends by itself with the response, however that ends.
   * The adapter runs the handler in its context and puts both id headers on the response, each in its framework's cheapest way.
   */
  start(request: IncomingMessage, response: ServerResponse, routeOf?: RouteOf): Observation
  /**
   * Asked once the identity is known. Undefined lets the request go on at once; else the headers go on the response, and the
   * request goes on unless there is an answer: 504 when its deadline has passed, 429 when its user used up the limit. With
   * `isIdentified` false the limit waits for a second call. Never rejects.
   */
  admit(observation: Observation, isIdentified?: boolean): Promise<Admission> | undefined
}

/** Creates the request path from the service's parts; every part may be absent. */
export function createRequestPath(options: RequestPathOptions = {}): RequestPath {
  const { logger = silentLogger, meter = noopMeter, clock = systemClock, health, priority, concurrency } = options
  const inbound = { clock, timeout: timeoutHeader(options.timeoutHeader) }
  const admission = createAdmission({ clock, logger, limiter: () => options.limiter })
  const isTrusted = createTrust(options.trust)
  const metrics = meter.instruments(httpMetrics)
  const featureOf = options.feature ?? (() => 'default')
  const seriesOf = createRouteSeries(metrics, featureOf)
  const log = writeIn(logger)
  const tracer = trace.getTracer('@ops/http')
  let inFlight = 0
  registerContextManager()
  reserveRoute(meter, UNMATCHED_ROUTE, featureOf(UNMATCHED_ROUTE))
  meter.onCollect(() => metrics.inFlight.set({}, inFlight), { name: 'http' })

  function finish(record: RequestRecord, complete: boolean): void {
    inFlight--
    record.endedMs = clock.monotonic()
    record.status = complete ? record.response.statusCode : CLIENT_CLOSED
    record.route ??= record.routeOf?.(record.request)
    // What failed says nothing about how many requests the process can take.
    concurrency?.leave(complete && record.status < 500 ? record.endedMs - record.startedMs : undefined)
    afterwards(record)
    if (!complete) record.context.abort(new ClientClosedError())
  }

  /** One observation, three signals. */
  function settle(record: RequestRecord): void {
    const { context, request, route, status, error, span, startedMs, endedMs = startedMs } = record
    const durationMs = endedMs - startedMs
    // Express cuts the mount point off while a router below it runs, and leaves it so when that router answers.
    const path = pathOf((request as { originalUrl?: string }).originalUrl ?? request.url)
    const series = seriesOf(route ?? UNMATCHED_ROUTE, request.method, status)
    series.count.inc()
    series.duration.observe(durationMs / 1000, context)
    logRequest(record, path, durationMs)
    endServerSpan(span, request, { route, path, status, error, endedMs })
  }

  function logRequest(
    { request, context, route, status, error }: RequestRecord,
    path: string,
    durationMs: number,
  ): void {
    const failed = status >= 500
    const fields = {
      method: request.method,
      route: route ?? UNMATCHED_ROUTE,
      path,
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      client_ip: request.socket.remoteAddress,
      user_agent: request.headers['user-agent'],
    }
    if (!failed) log(context, 'info', fields, 'request completed')
    else log(context, 'error', error === undefined ? fields : { ...fields, error }, 'request failed')
  }

  return {
    declare: (route) => reserveRoute(meter, route, featureOf(route)),
    intercept(request) {
      if (health === undefined && concurrency === undefined) return undefined
      const answer = mayBeProbe(request.url)
        ? health?.handle(pathOf(request.url), { authorized: isLocal(request) })
        : undefined
      if (answer !== undefined) return answer
      const name = priority?.(request)
      const refusal = health?.admit?.(name) ?? concurrency?.admit(name)
      if (refusal === undefined) return undefined
      metrics.shed.inc({ priority: name ?? 'default' })
      return overloaded(refusal.retryAfterMs)
    },
    start(request, response, routeOf) {
      inFlight++
      concurrency?.enter()
      const unit = readContext(request, isTrusted(request.socket.remoteAddress), inbound)
      const span = startServerSpan(tracer, request.method ?? 'GET', unit)
      const context = trace.setSpan(unit, span) as WorkContext
      const startedMs = clock.monotonic()
      const record = new RequestRecord({ request, response, context, span, startedMs, routeOf, onSettle: settle })
      response.on('finish', () => {
        if (record.endedMs === undefined) finish(record, true)
      })
      // 'close' without 'finish' is a client that went away; in the context for those who listen to its signal.
      response.on('close', () => {
        if (record.endedMs === undefined) runInContext(context, () => finish(record, false))
      })
      return record
    },
    admit: ({ context }, isIdentified = true) => admission(context, isIdentified),
  }
}

/** How to write a line in the name of a context: by the logger's own way where it has one. */
function writeIn(logger: Logger): NonNullable<Logger['logIn']> {
  if (logger.logIn !== undefined) return logger.logIn.bind(logger)
  return (context, level: LogLevel, fields, message) => runInContext(context, () => logger[level](fields, message))
}

/** Probe paths begin with l, r, s or h and end with z, but for a group's below it: this spares the others the look-up. */
function mayBeProbe(url: string | undefined): boolean {
  if (url === undefined || url.length < 6 || url.length >= 512 || !'lrsh'.includes(url.charAt(1))) return false
  return /^\/[lrsh][a-z]+z(?:[/?]|$)/.test(url)
}

/** Someone on the machine itself, not a proxy there that passes others on. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket
  const loopback = remoteAddress === '127.0.0.1' || remoteAddress === '::1' || remoteAddress === '::ffff:127.0.0.1'
  return loopback && headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined
}

function pathOf(url: string | undefined): string {
  if (url === undefined) return '/'
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function overloaded(retryAfterMs: number): Answer {
  return {
    status: 503,
    headers: { 'content-type': 'application/json', 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) },
    body: '{"error":{"code":"OPS_HTTP_OVERLOADED","message":"The service is overloaded, retry later"}}',
  }
}
