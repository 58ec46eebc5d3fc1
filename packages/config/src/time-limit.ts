import type { Clock } from '@ops/core'

/** A bound on how long something may take. */
export interface TimeLimit {
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Runs a task; rejects with a `TIMEOUT` error and aborts its signal when it takes too long. Synchronous tasks cost no timer. */
export async function withinTime<T>(
  { clock, timeoutMs }: TimeLimit,
  task: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const running = task(controller.signal)
  if (!(running instanceof Promise)) return running
  let cancel = (): void => {}
  const late = new Promise<never>((_, reject) => {
    const onTimeout = (): void => {
      const error = Object.assign(new Error(`not done after ${timeoutMs} ms`), { code: 'TIMEOUT' })
      controller.abort(error)
      reject(error)
    }
    const timer = clock.setTimeout(onTimeout, timeoutMs, { keepAlive: true })
    cancel = () => timer.cancel()
  })
  try {
    return await Promise.race([running, late])
  } finally {
    cancel()
  }
}
