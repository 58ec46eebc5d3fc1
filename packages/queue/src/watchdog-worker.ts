/** The thread that ends a process whose event loop hangs: no timer of the main thread could. Uses real timers, since it watches real time. */
import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

const { beats, ticks, tickMs } = workerData as { beats: Int32Array; ticks: number; tickMs: number }
let last = -1
let missed = 0

// Ticks are counted, not time: a process that was suspended as a whole has not hung.
setInterval(() => {
  const now = Atomics.load(beats, 0)
  missed = now === last ? missed + 1 : 0
  last = now
  if (missed < ticks) return
  writeSync(2, `@ops/queue: the event loop has been blocked for ${ticks * tickMs} ms, the process is ended\n`)
  process.kill(process.pid, 'SIGKILL')
}, tickMs)
