import type { IncomingMessage } from 'node:http'
import type { Admission, Observation } from '@ops/http'

const OBSERVATION = Symbol('ops.observation')

/** What the gate before the routes has to know of a request. */
export interface Tied {
  readonly observation: Observation
  /** Asks for admission after the guards; undefined where it was asked before them. */
  readonly admit: (() => Promise<Admission> | undefined) | undefined
}

type Observed = IncomingMessage & { [OBSERVATION]?: Tied }

/** Ties an observation to its request, so that it is found behind Nest's own layers. */
export function tie(request: IncomingMessage, tied: Tied): void {
  ;(request as Observed)[OBSERVATION] = tied
}

/** What is tied to a request as either platform hands it out: Fastify wraps the raw one. */
export function tryGetTied(request: unknown): Tied | undefined {
  const { raw } = request as { readonly raw?: Observed }
  return (raw ?? (request as Observed))[OBSERVATION]
}
