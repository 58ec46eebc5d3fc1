/**
 * Errors where they begin, from the tracing channel of Express's router (2.3 and later, Express 5.3): an error handler
 * of the application may answer them, and a nested router's mount path is gone once they have left it.
 *
 * @see https://github.com/pillarjs/router#diagnostics
 */
import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Observation } from '@ops/http'
import { routeOf } from './route-of.ts'

const OBSERVATION = Symbol('ops.observation')

type Observed = IncomingMessage & { [OBSERVATION]?: Observation }

let watching = false

/** Subscribes once a process, however many applications it has. */
export function watchErrors(): void {
  if (watching) return
  watching = true
  channel('tracing:express.router.request:error').subscribe((message) => {
    const { req, error } = message as { readonly req: Observed; readonly error: unknown }
    const observation = req[OBSERVATION]
    if (observation === undefined) return
    observation.fail(error)
    observation.route ??= routeOf(req)
  })
}

/** Ties the observation to its request. */
export function observe(request: IncomingMessage, observation: Observation): void {
  ;(request as Observed)[OBSERVATION] = observation
}
