/** A scheduled callback. */
export interface Timer {
  /** Stops it; calling again does nothing. */
  cancel(): void
}

/**
 * The only source of time in @ops, so that tests own it.
 * Timers never keep a process alive unless `keepAlive` says so.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. */
  now(): number
  /** Milliseconds since an arbitrary start, never backwards: the base of durations and deadlines. */
  monotonic(): number
  /** Calls once after `delayMs` (0 to 2_147_483_647). */
  setTimeout(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer
  /** Calls every `periodMs` (1 to 2_147_483_647). */
  setInterval(callback: () => void, periodMs: number, options?: { readonly keepAlive?: boolean }): Timer
}

/** The process's own clock: `Date.now`, `performance.now` and Node's timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs, options) {
    const handle = setTimeout(callback, delayMs)
    if (options?.keepAlive !== true) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  setInterval(callback, periodMs, options) {
    const handle = setInterval(callback, periodMs)
    if (options?.keepAlive !== true) handle.unref()
    return { cancel: () => clearInterval(handle) }
  },
}

/**
 * Resolves after `delayMs` by the clock; keeps the process alive meanwhile.
 *
 * @throws the signal's reason, at once when it is aborted before or during the wait.
 */
export function sleep(delayMs: number, options: { clock?: Clock; signal?: AbortSignal } = {}): Promise<void> {
  const { clock = systemClock, signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const done = () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }
    const timer = clock.setTimeout(done, delayMs, { keepAlive: true })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
