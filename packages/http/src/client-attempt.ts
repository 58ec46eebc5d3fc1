/** The limits of one sending: one signal out of the caller's, the context's and the clock's, for the headers and for the body. */
import { type Clock, currentContext } from '@ops/core'
import type { ClientAttempt } from './client-policy.ts'
import { HttpTimeoutError, HttpUnreachableError } from './errors.ts'

/** A sending under way. */
export interface Attempt {
  readonly signal: AbortSignal
  readonly remainingMs: number
  /** The failure in this package's terms. */
  explain(cause: unknown): unknown
  /** Holds the limits over the body too, until it was read; `onFailure` is told when it breaks off. */
  bound(response: Response, onFailure: () => void): Response
  /** Lifts the limits. */
  end(): void
}

/** What a sending is limited by. */
export interface AttemptLimits {
  readonly name: string
  readonly init: RequestInit
  readonly turn: ClientAttempt
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The ways to read a body to its end. */
const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

/** Starts the clock. */
export function startAttempt({ name, init, turn, timeoutMs, clock }: AttemptLimits): Attempt {
  const context = currentContext()
  const leftMs = context?.deadline === undefined ? Infinity : context.deadline - clock.monotonic()
  const remainingMs = Math.max(0, Math.min(timeoutMs, leftMs))
  const expired = new AbortController()
  const timer = clock.setTimeout(() => expired.abort(new HttpTimeoutError(name, remainingMs)), remainingMs)
  const callers = [init.signal, turn.signal, context?.signal].filter(
    (signal) => signal !== undefined && signal !== null,
  )
  const interrupted = (): { readonly reason: unknown } | undefined =>
    callers.find((signal) => signal.aborted) ?? (expired.signal.aborted ? expired.signal : undefined)
  const end = () => timer.cancel()
  return {
    signal: AbortSignal.any([expired.signal, ...callers]),
    remainingMs,
    explain(cause) {
      const signal = interrupted()
      return signal === undefined ? new HttpUnreachableError(name, cause) : signal.reason
    },
    bound(response, onFailure) {
      if (response.body === null) end()
      else {
        const explain = (cause: unknown) =>
          interrupted()?.reason ?? (isCut(cause) ? new HttpUnreachableError(name, cause) : cause)
        limitReaders(response, { end, explain, onFailure })
      }
      return response
    },
    end,
  }
}

/**
 * Who reads the body by one of these ends the limits with it; of who streams it, the end is unknown: the limits hold on, and
 * find nothing left to stop.
 */
function limitReaders(
  response: Response,
  { end, explain, onFailure }: { end: () => void; explain: (cause: unknown) => unknown; onFailure: () => void },
): void {
  for (const name of READERS) {
    const read = (response as unknown as Readonly<Record<string, (() => Promise<unknown>) | undefined>>)[name]
    // Node 22 has no bytes().
    if (read === undefined) continue
    const limited = async () => {
      try {
        return await read.call(response)
      } catch (cause) {
        const error = explain(cause)
        if (error instanceof HttpTimeoutError || error instanceof HttpUnreachableError) onFailure()
        throw error
      } finally {
        end()
      }
    }
    Object.defineProperty(response, name, { value: limited, configurable: true, writable: true })
  }
}

/** A body that ended early: undici says `terminated`, Node's own client `aborted`. What JSON says of bad text is none. */
function isCut(cause: unknown): boolean {
  const { message, code } = (cause ?? {}) as { readonly message?: unknown; readonly code?: unknown }
  return message === 'terminated' || code === 'ECONNRESET'
}
