import { isOpsError } from '@ops/core'

/** What frameworks put on the errors they answer with. */
interface StatusCarrier {
  readonly status?: unknown
  readonly statusCode?: unknown
  readonly output?: { readonly statusCode?: unknown }
  readonly isAxiosError?: unknown
  readonly request?: unknown
  readonly body?: unknown
  readonly headers?: unknown
}

/** An outgoing call's failure carries a status too, but it is somebody else's answer, not ours. */
function isOfOutgoingCall(error: StatusCarrier): boolean {
  return (
    error.isAxiosError === true ||
    error.request !== undefined ||
    (error.body !== undefined && error.headers !== undefined)
  )
}

/**
 * True for outcomes a healthy service produces: an `OpsError` marked expected, and errors a server answers with a 4xx status
 * (`status`, `statusCode` or `output.statusCode`, as Express, Fastify, NestJS, http-errors and Boom mark them).
 * A 4xx that another service gave to an outgoing call is not expected.
 */
export function isExpectedError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if (isOpsError(error)) return error.expected
  const carrier = error as StatusCarrier
  const status = carrier.statusCode ?? carrier.status ?? carrier.output?.statusCode
  return typeof status === 'number' && status >= 400 && status < 500 && !isOfOutgoingCall(carrier)
}
