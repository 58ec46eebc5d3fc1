import { url as inspectorUrl } from 'node:inspector'
import { Worker as Thread } from 'node:worker_threads'
import type { Clock } from '@ops/core'

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './watchdog-worker.ts' : './watchdog-worker.js',
  import.meta.url,
)

/**
 * Ends the process by SIGKILL once its event loop has been blocked for `hangMs`: an endless loop otherwise holds its jobs for good,
 * and only a dead process lets the verdict find it. Off under a debugger. Returns how to stop.
 */
export function startWatchdog(hangMs: number, clock: Clock): () => Promise<unknown> {
  if (hangMs === 0 || inspectorUrl() !== undefined) return async () => {}
  const tickMs = Math.max(50, Math.min(1_000, hangMs / 5))
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const thread = new Thread(THREAD, { workerData: { beats, ticks: Math.ceil(hangMs / tickMs), tickMs } })
  thread.unref()
  // Without a thread the worker does its work all the same.
  thread.on('error', () => {})
  const timer = clock.setInterval(() => Atomics.add(beats, 0, 1), tickMs / 2)
  return () => {
    timer.cancel()
    return thread.terminate()
  }
}
