/** The one owner of stop signals and uncaught errors in a process. */
import type { Clock } from '@ops/core'

/** Who is told. */
export interface ProcessListener {
  onStop(signal: NodeJS.Signals): void
  /** A signal after the first: nobody wants to wait. */
  onImpatience(signal: NodeJS.Signals): void
  onCrash(error: unknown, kind: CrashKind): void
}

/** How an error got away. */
export type CrashKind = 'uncaughtException' | 'unhandledRejection'

/** Listening to the process. */
export interface ProcessEvents {
  /** Names of other listeners for our signals, which may end the process under a drain. */
  rivals(): string[]
  stop(): void
}

/** npm and a terminal each deliver the same Ctrl-C: within this time two signals are one. */
const SAME_SIGNAL_MS = 100

const OWNER = Symbol.for('@ops/health/signals')
const holder = globalThis as { [OWNER]?: boolean }

/** What to listen to. */
export interface ProcessEventsOptions {
  readonly signals: readonly NodeJS.Signals[]
  readonly crashPolicy: boolean
  readonly clock: Clock
}

/** Begins to listen. @throws TypeError when another lifecycle of this process has the signals. */
export function listenToProcess(options: ProcessEventsOptions, listener: ProcessListener): ProcessEvents {
  const { signals, crashPolicy } = options
  if (signals.length > 0) claimSignals()
  const onSignal = createSignalHandler(options.clock, listener)
  const onException = (error: unknown) => listener.onCrash(error, 'uncaughtException')
  const onRejection = (error: unknown) => listener.onCrash(error, 'unhandledRejection')
  for (const signal of signals) process.on(signal, onSignal)
  if (crashPolicy) process.on('uncaughtException', onException).on('unhandledRejection', onRejection)
  return {
    rivals: () => signals.flatMap((signal) => rivalsOf(signal, onSignal)),
    stop() {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('uncaughtException', onException).off('unhandledRejection', onRejection)
      if (signals.length > 0) delete holder[OWNER]
    },
  }
}

function claimSignals(): void {
  if (holder[OWNER] === true) {
    throw new TypeError(
      'Cannot create lifecycle: another one owns the signals, expected one a process or signals: false',
    )
  }
  holder[OWNER] = true
}

function createSignalHandler(clock: Clock, listener: ProcessListener): (signal: NodeJS.Signals) => void {
  let firstMs: number | undefined
  return (signal) => {
    if (firstMs === undefined) {
      firstMs = clock.monotonic()
      listener.onStop(signal)
    } else if (clock.monotonic() - firstMs >= SAME_SIGNAL_MS) {
      listener.onImpatience(signal)
    }
  }
}

function rivalsOf(signal: NodeJS.Signals, own: (signal: NodeJS.Signals) => void): string[] {
  const others = process.rawListeners(signal).filter((other) => other !== own)
  return others.map((other) => `${signal} ${other.name || 'anonymous'}`)
}
