import type { Clock } from '@ops/core'

/** Asks several peers at once and waits until each has answered or gone, at most for `timeoutMs`. */
export interface Round<P> {
  /** Starts a round; `ask` gets its number. */
  start(peers: readonly P[], ask: (run: number) => void): Promise<void>
  /** A peer answered round `run`. */
  answered(peer: P, run: number): void
  /** A peer has gone. */
  gone(peer: P): void
}

/** Creates rounds that follow one another. */
export function createRound<P>(clock: Clock, timeoutMs: number): Round<P> {
  let current = 0
  let waiting = new Set<P>()
  let done = () => {}
  const settle = (peer: P) => {
    if (waiting.delete(peer) && waiting.size === 0) done()
  }
  return {
    start: (peers, ask) =>
      new Promise((resolve) => {
        if (peers.length === 0) return resolve()
        current++
        waiting = new Set(peers)
        // One that is wedged shows its last values.
        const timer = clock.setTimeout(resolve, timeoutMs)
        done = () => {
          timer.cancel()
          resolve()
        }
        ask(current)
      }),
    answered: (peer, run) => {
      if (run === current) settle(peer)
    },
    gone: settle,
  }
}
