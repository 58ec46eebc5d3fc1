import { TestTimeoutError } from './errors.ts'

/** How long {@link waitFor} tries. */
export interface WaitForOptions {
  /** Real milliseconds until it gives up. From 1. @defaultValue 5000 */
  readonly timeoutMs?: number
  /** Real milliseconds between two tries. From 0. @defaultValue 5 */
  readonly everyMs?: number
  /** What is waited for, in the error's message. @defaultValue 'the condition' */
  readonly what?: string
}

// Taken at import, so that a runner's fake timers cannot stop it.
const { setTimeout: realTimeout } = globalThis
const { performance: realTime } = globalThis

/**
 * Resolves with the first truthy value of `condition`, which may be asynchronous; a condition that throws is not met yet.
 *
 * @throws TestTimeoutError (`OPS_TESTING_TIMEOUT`) after `timeoutMs`, with the last thrown value as `cause`.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<Exclude<Awaited<T>, false | null | undefined | 0 | ''>> {
  const { timeoutMs = 5000, everyMs = 5, what = 'the condition' } = options
  const giveUpAt = realTime.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await condition()
      if (value) return value as never
    } catch (error) {
      failure = error
    }
    if (realTime.now() >= giveUpAt) throw new TestTimeoutError(what, timeoutMs, 'not met', failure)
    await new Promise((resolve) => realTimeout(resolve, everyMs))
  }
}
