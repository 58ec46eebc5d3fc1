/** Scripted faults around any function, for tests: what a policy makes of a dependency that fails, hangs or flaps. */
import type { Random } from '@ops/core'

/** Breaks calls on purpose. */
export interface Chaos {
  /** Calls seen so far. */
  readonly calls: number
  /** `fn`, but for the calls that are to fail. */
  wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>): (...args: A) => Promise<T>
  /** The next `count` calls reject with `error`. */
  failNext(count: number, error?: unknown): void
  /** The next `count` calls never answer; they reject when an argument's `signal` aborts. */
  hangNext(count: number): void
  /** From now on this share of the other calls rejects, 0 to 1. @throws RangeError outside of it */
  failAtRatio(ratio: number): void
}

type Fault = { readonly kind: 'fail'; readonly error: unknown } | { readonly kind: 'hang' }

/** Creates chaos; `random` decides which calls fail at a ratio. */
export function createChaos(options: { readonly random: Random }): Chaos {
  const script: Fault[] = []
  let [calls, ratio] = [0, 0]
  const failure = () => new Error('chaos: the dependency fails')

  function nextFault(): Fault | undefined {
    const scripted = script.shift()
    if (scripted !== undefined) return scripted
    return ratio > 0 && options.random.next() < ratio ? { kind: 'fail', error: failure() } : undefined
  }

  return {
    get calls() {
      return calls
    },
    wrap:
      (fn) =>
      async (...args) => {
        calls++
        const fault = nextFault()
        if (fault === undefined) return fn(...args)
        if (fault.kind === 'fail') throw fault.error
        return hang(signalIn(args))
      },
    failNext(count, error = failure()) {
      for (let i = 0; i < count; i++) script.push({ kind: 'fail', error })
    },
    hangNext(count) {
      for (let i = 0; i < count; i++) script.push({ kind: 'hang' })
    },
    failAtRatio(share) {
      if (!(share >= 0 && share <= 1)) throw new RangeError(`Cannot fail calls at a ratio of ${share}: expected 0 to 1`)
      ratio = share
    },
  }
}

function signalIn(args: readonly unknown[]): AbortSignal | undefined {
  const signals = args.map((arg) => (arg as { readonly signal?: unknown } | null | undefined)?.signal)
  return signals.find((signal): signal is AbortSignal => signal instanceof AbortSignal)
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
