/** The lifecycle port: how a part asks to be drained, closed and flushed in order. */
export interface Lifecycle {
  /** True from the first stop signal on. */
  readonly draining: boolean
  /** Stops taking new work and finishes what runs; `signal` aborts when the time is up. */
  onDrain(name: string, drain: (signal: AbortSignal) => void | Promise<void>): void
  /** Closes what others used; called in reverse order of registration, after all drains. */
  onClose(name: string, close: () => void | Promise<void>): void
  /** Delivers what is buffered; all at once, last, and on a crash too. */
  onFlush(name: string, flush: () => void | Promise<void>): void
}
