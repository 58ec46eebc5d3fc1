import type { IncomingMessage } from 'node:http'
import type { Observation } from '@ops/http'

const OBSERVATION = Symbol('ops.observation')

type Observed = IncomingMessage & { [OBSERVATION]?: Observation }

/** Ties an observation to its request, so that the interceptor finds it. */
export function tie(request: IncomingMessage, observation: Observation): void {
  ;(request as Observed)[OBSERVATION] = observation
}

/** The observation of a request as either platform hands it out: Fastify wraps the raw one. */
export function tryGetObservation(request: unknown): Observation | undefined {
  const { raw } = request as { readonly raw?: Observed }
  return (raw ?? (request as Observed))[OBSERVATION]
}
