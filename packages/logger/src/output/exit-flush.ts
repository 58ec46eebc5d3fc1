/** Runs flushes when the process ends: on exit, which crashes pass through too, and on signals that would end it at once. */
import { isMainThread } from 'node:worker_threads'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
const flushes = new Set<() => void>()
let ended = false
let watching = false

function flushAll(): void {
  for (const flush of flushes) flush()
}

/** Flushes, and lets the signal do what it would have done unless the application handles it. */
function onSignal(signal: NodeJS.Signals): void {
  flushAll()
  if (process.listenerCount(signal) > 1) return
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

function install(): void {
  process.on('exit', flushAll)
  // First in line: a listener of the application's that is there only once must still be there to be counted.
  if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal)
}

function uninstall(): void {
  process.removeListener('exit', flushAll)
  for (const signal of SIGNALS) process.removeListener(signal, onSignal)
}

/** Lets {@link isEnding} know from the first listener on, whoever writes in a later one. Once a process. */
export function watchEnd(): void {
  if (watching) return
  watching = true
  process.on('exit', () => {
    ended = true
  })
}

/** True once the process is ending: what is held back now is lost. */
export function isEnding(): boolean {
  return ended
}

/** Calls `flush`, which must not throw, when the process ends. Returns how to stop. */
export function flushOnExit(flush: () => void): () => void {
  if (flushes.size === 0) install()
  flushes.add(flush)
  return () => {
    if (flushes.delete(flush) && flushes.size === 0) uninstall()
  }
}
