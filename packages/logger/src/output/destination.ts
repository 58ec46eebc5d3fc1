/** Where lines go: a destination of the caller's, guarded, or a file descriptor. */
import type { DropReason } from '../counters.ts'

/** Anything that takes lines: an array's wrapper, a stream, a test's recorder. */
export interface LogDestination {
  /** Takes one line with its line feed. What it returns is ignored; what it throws is counted. */
  write(line: string): unknown
}

/** What the logger writes to. */
export interface LogOutput {
  write(line: string): void
  /** Hands over what is held back, waiting for a slow reader if need be. */
  flush(): void
  /** Resolves once nothing is held back or the time is up. */
  close(timeoutMs: number): Promise<void>
}

/** How lost lines are counted. */
export type OnDrop = (reason: DropReason, lines: number) => void

interface ErrorSource {
  on?(event: 'error', listener: () => void): unknown
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** An output that passes each line on at once. What the destination throws, rejects or emits as `error` is counted, never passed on. */
export function guardDestination(destination: LogDestination, onDrop: OnDrop): LogOutput {
  const failed = (): void => onDrop('destination', 1)
  const source = destination as ErrorSource
  if (typeof source.on === 'function') source.on('error', failed)
  return {
    write(line) {
      try {
        const result = destination.write(line)
        if (isThenable(result)) result.then(undefined, failed)
      } catch {
        failed()
      }
    },
    flush() {},
    close: () => Promise.resolve(),
  }
}
