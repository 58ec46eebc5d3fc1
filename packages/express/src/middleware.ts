import { type Identity, runInContext } from '@ops/core'
import { createRequestPath, proceed, REQUEST_ID_HEADER, type RequestPathSource, TRACE_ID_HEADER } from '@ops/http'
import type { Request, RequestHandler } from 'express'
import { observe, watchErrors } from './handler-errors.ts'
import { admitLater } from './limit.ts'
import { routeOf } from './route-of.ts'

/** Options of {@link opsExpress}. */
export interface OpsExpressOptions {
  /**
   * Names tenant and user from the request; called first of all middleware. Where authentication runs later, let it
   * call `currentContext()?.identify()` instead, and use `opsExpressLimit` after it.
   *
   * @defaultValue nobody is identified
   */
  readonly identify?: (request: Request) => Identity | undefined
}

/**
 * The @ops request path as Express middleware: probes, context, one log line, metrics and a span for every request.
 * Use it first, so that all others run in its context.
 *
 * @example
 * app.use(opsExpress(service))
 */
export function opsExpress(service: RequestPathSource, options: OpsExpressOptions = {}): RequestHandler {
  const path = createRequestPath(service.ops)
  const { identify } = options
  watchErrors()
  return (request, response, next) => {
    const answer = path.intercept(request)
    if (answer !== undefined) {
      response.writeHead(answer.status, answer.headers).end(answer.body)
      return
    }
    const observation = path.start(request, response, routeOf)
    observe(request, observation)
    response.setHeader(TRACE_ID_HEADER, observation.context.traceId)
    response.setHeader(REQUEST_ID_HEADER, observation.context.requestId)
    const identity = identify?.(request)
    if (identity !== undefined) observation.context.identify(identity)
    const goOn = () => runInContext(observation.context, next)
    if (identify === undefined) admitLater(request, () => path.admit(observation))
    const admission = path.admit(observation, identify !== undefined)
    if (admission === undefined) goOn()
    else void admission.then((one) => proceed(response, one, goOn))
  }
}
