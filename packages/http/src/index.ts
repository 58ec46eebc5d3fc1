export { type Admission, proceed } from './admission.ts'
export { type Client, type ClientOptions, createClient } from './client.ts'
export type { ClientAttempt, ClientCall, ClientPolicy } from './client-policy.ts'
export { ClientClosedError, HttpTimeoutError, HttpUnreachableError } from './errors.ts'
export { type ExpressAppLike, type ExpressRequestLike, type ExpressRoute, expressRouteOf } from './express-route.ts'
export { type DurationLabels, type HttpMetrics, httpMetrics, METHODS, type Method, STATUS_CLASSES } from './metrics.ts'
export type { Observation } from './observation.ts'
export { type ObserveFetchOptions, observeFetch } from './observe-fetch.ts'
export type {
  Answer,
  RequestConcurrency,
  RequestGate,
  RequestLimiter,
  RequestPathOptions,
  RequestPathSource,
} from './options.ts'
export {
  CLIENT_CLOSED,
  createRequestPath,
  REQUEST_ID_HEADER,
  type RequestPath,
  type RouteOf,
  TRACE_ID_HEADER,
  UNMATCHED_ROUTE,
} from './request-path.ts'
export { TIMEOUT_HEADER } from './timeout-header.ts'
export type { TlsIdentity } from './tls-fetch.ts'
export type { Trust } from './trust.ts'
