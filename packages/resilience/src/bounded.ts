/** One attempt within its time: the work gets a signal, the caller gets an answer even when the work ignores it. */
import { type Clock, currentContext, runInContext, type WorkContext } from '@ops/core'

/** What ends an attempt. */
export interface Bounds {
  readonly clock: Clock
  /** Milliseconds, or Infinity for no limit of its own. */
  readonly timeoutMs: number
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined
  /** What the caller gets when the time is up. */
  readonly timeoutError: () => Error
}

const MAX_DELAY_MS = 2_147_483_647

/**
 * Runs `work` in the current context, narrowed to the time that is left. Settles as `work` does, or rejects at once with the
 * timeout error, or with the reason of the caller's or the context's signal; the work's own signal is then aborted with the same.
 */
export function runBounded<T>(work: (signal: AbortSignal) => T | PromiseLike<T>, bounds: Bounds): Promise<T> {
  const { clock, timeoutMs, signal } = bounds
  const context = currentContext()
  const controller = new AbortController()
  const outer = [signal, context?.signal].filter((one) => one !== undefined)
  return new Promise<T>((resolve, reject) => {
    const stop = (reason: unknown) => {
      end()
      reject(reason)
      controller.abort(reason)
    }
    const onAbort = () => stop(outer.find((one) => one.aborted)?.reason)
    const timer = timeoutMs <= MAX_DELAY_MS ? clock.setTimeout(() => stop(bounds.timeoutError()), timeoutMs) : undefined
    const end = () => {
      timer?.cancel()
      for (const one of outer) one.removeEventListener('abort', onAbort)
    }
    if (outer.some((one) => one.aborted)) return onAbort()
    for (const one of outer) one.addEventListener('abort', onAbort, { once: true })
    start(() => work(controller.signal), narrowed(context, bounds, controller.signal)).then(
      (result) => {
        end()
        resolve(result)
      },
      (error) => {
        end()
        reject(error)
      },
    )
  })
}

function narrowed(context: WorkContext | undefined, bounds: Bounds, signal: AbortSignal): WorkContext | undefined {
  const deadline = bounds.timeoutMs === Infinity ? undefined : bounds.clock.monotonic() + bounds.timeoutMs
  return context?.fork({ deadline, signal })
}

/** Turns a throw into a rejection. */
async function start<T>(work: () => T | PromiseLike<T>, context: WorkContext | undefined): Promise<T> {
  return context === undefined ? work() : runInContext(context, work)
}
