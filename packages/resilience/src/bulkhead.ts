/** The bulkhead: so many calls at once, so many waiting in order, the rest refused at once. */
import type { Clock } from '@ops/core'
import { BulkheadFullError, PolicyTimeoutError } from './errors.ts'

/** Size of a bulkhead. */
export interface BulkheadOptions {
  /** Calls that may run at once, 1 to 1_000_000. */
  readonly concurrent: number
  /** Calls that may wait for a place, 0 to 1_000_000. @defaultValue 0 */
  readonly queue?: number
}

/** A bulkhead. */
export interface Bulkhead {
  /** Calls that run right now. */
  readonly running: number
  /**
   * Takes a place, now or after those who came before; give it back with `leave`.
   *
   * @throws BulkheadFullError at once when the queue is full, PolicyTimeoutError after `timeoutMs`, the signal's reason when
   * it is aborted meanwhile.
   */
  enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> | undefined
  leave(): void
}

/** Creates the bulkhead of the policy `name`. */
export function createBulkhead(name: string, options: Required<BulkheadOptions>, clock: Clock): Bulkhead {
  const { concurrent, queue } = options
  /** Who waits, in order of arrival; whoever gives up leaves at once and keeps no place. */
  const waiting = new Set<() => void>()
  let running = 0

  function wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveQueue = () => {
        waiting.delete(admit)
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
      }
      const admit = () => {
        leaveQueue()
        resolve()
      }
      const giveUp = (reason: unknown) => {
        leaveQueue()
        reject(reason)
      }
      const onAbort = () => giveUp(signal?.reason)
      const expire = () => giveUp(new PolicyTimeoutError(name, timeoutMs))
      const timer = Number.isFinite(timeoutMs) ? clock.setTimeout(expire, Math.max(0, timeoutMs)) : undefined
      signal?.addEventListener('abort', onAbort, { once: true })
      waiting.add(admit)
    })
  }

  return {
    get running() {
      return running
    },
    enter(timeoutMs, signal) {
      if (running < concurrent) {
        running++
        return undefined
      }
      if (waiting.size >= queue) return Promise.reject(new BulkheadFullError(name, concurrent, queue))
      return wait(timeoutMs, signal)
    },
    leave() {
      const [next] = waiting
      // The place passes on: nobody who came later can take it in between.
      if (next !== undefined) next()
      else running--
    },
  }
}
