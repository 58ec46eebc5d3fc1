import type { IncomingMessage } from 'node:http'
import { type Admission, proceed } from '@ops/http'
import type { RequestHandler } from 'express'

const ADMIT = Symbol('ops.admit')

type Admit = () => Promise<Admission> | undefined
type Waiting = IncomingMessage & { [ADMIT]?: Admit }

/** Leaves the limit to {@link opsExpressLimit}: nobody is identified yet. */
export function admitLater(request: IncomingMessage, admit: Admit): void {
  ;(request as Waiting)[ADMIT] = admit
}

/**
 * Refuses with 429 what is over the limit of the user: use it after the middleware that authenticates and calls
 * `currentContext()?.identify()`. With `identify` given to `opsExpress` it has nothing to do.
 *
 * @example
 * app.use(opsExpress(service), authenticate, opsExpressLimit)
 */
export const opsExpressLimit: RequestHandler = (request, response, next) => {
  const waiting = request as Waiting
  const admission = waiting[ADMIT]?.()
  delete waiting[ADMIT]
  if (admission === undefined) next()
  else void admission.then((one) => proceed(response, one, next))
}
