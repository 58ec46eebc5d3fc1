/** What the request path and the outgoing client record, declared. */
import {
  type CounterDefinition,
  counter,
  DURATION_BUCKETS,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'

/** The methods that keep their name as a label; any other is `_OTHER`. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', '_OTHER'] as const
/** One of {@link METHODS}. */
export type Method = (typeof METHODS)[number]
/** Classes of the status code, as the `status_class` label. */
export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Label of a server duration series. */
export type DurationLabels = {
  readonly feature: 'string'
  readonly method: typeof METHODS
  readonly route: 'string'
  readonly status_class: typeof STATUS_CLASSES
}

/** What the request path and the outgoing client record. */
export type HttpMetrics = {
  readonly requests: CounterDefinition<{
    readonly method: typeof METHODS
    readonly route: 'string'
    readonly status: 'string'
  }>
  readonly duration: HistogramDefinition<DurationLabels>
  readonly inFlight: GaugeDefinition<Record<never, never>>
  readonly shed: CounterDefinition<{ readonly priority: 'string' }>
  readonly clientDuration: HistogramDefinition<{
    readonly client: 'string'
    readonly method: typeof METHODS
    readonly status: 'string'
  }>
  readonly dependencyUp: GaugeDefinition<{ readonly dependency: 'string' }>
}

/** Declarations of all metrics of this package. */
export const httpMetrics: HttpMetrics = defineMetrics({
  requests: counter('http_requests_total', {
    help: 'HTTP requests by method, route template and status code',
    labels: { method: METHODS, route: 'string', status: 'string' },
  }),
  duration: histogram('http_request_duration_seconds', {
    help: 'Duration of HTTP requests from the first byte in to the last byte out',
    labels: { feature: 'string', method: METHODS, route: 'string', status_class: STATUS_CLASSES },
    buckets: DURATION_BUCKETS,
  }),
  inFlight: gauge('http_requests_in_flight', { help: 'HTTP requests being served right now' }),
  shed: counter('http_requests_shed_total', {
    help: 'HTTP requests refused with 503 because the process was overloaded',
    labels: { priority: 'string' },
  }),
  clientDuration: histogram('http_client_request_duration_seconds', {
    help: 'Duration of outgoing HTTP requests until the response headers',
    labels: { client: 'string', method: METHODS, status: 'string' },
    buckets: DURATION_BUCKETS,
  }),
  dependencyUp: gauge('dependency_up', {
    help: 'Whether the last call to a dependency got an answer below 500',
    labels: { dependency: 'string' },
  }),
})

const KNOWN: ReadonlySet<string> = new Set(METHODS)

/** The method as a label value: unknown ones share `_OTHER`, so that scanners cannot make series. */
export function methodLabel(method: string | undefined): Method {
  return method !== undefined && KNOWN.has(method) ? (method as Method) : '_OTHER'
}
