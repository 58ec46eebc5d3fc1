/** What may stand around the calls of a client: retries, a breaker, limits. Any function of this shape will do. */
import type { Clock, Meter } from '@ops/core'

/** One sending of a request. */
export interface ClientAttempt {
  /** From 1; later ones carry `http.request.resend_count` on their span. */
  readonly number: number
  /** Longest wait for this attempt, in milliseconds above 0; the client's own timeout and the context's deadline may shorten it. */
  readonly timeoutMs: number
  /** Gives this sending up, and not the call: another was quicker. @defaultValue none */
  readonly signal?: AbortSignal | undefined
  /** True for the second sending of an attempt that was slow. @defaultValue false */
  readonly hedge?: boolean | undefined
}

/** A call as the policy gets it. */
export interface ClientCall {
  /** Upper case. */
  readonly method: string
  readonly headers: Headers
  /** False for a body that can be read once. */
  readonly replayable: boolean
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined
  /** Sends the request once, as a span of its own. May be called again when `replayable`. */
  send(attempt: ClientAttempt): Promise<Response>
}

/** Makes the policy of one client, with the client's own name and ports. */
export type ClientPolicy = (client: {
  readonly name: string
  readonly meter: Meter
  readonly clock: Clock
}) => (call: ClientCall) => Promise<Response>

/** The call that `init` describes, without what sends it. */
export function callOf(init: RequestInit): Omit<ClientCall, 'send'> {
  return {
    method: (init.method ?? 'GET').toUpperCase(),
    headers: new Headers(init.headers),
    replayable: !isStream(init.body),
    signal: init.signal ?? undefined,
  }
}

/** Streams of the web and of Node alike. */
function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
