/** Event loop and garbage collection. */
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import type { Clock, Instruments } from '@ops/core'
import { type defaultMetrics, GC_KINDS } from './catalog.ts'

type Defaults = Instruments<typeof defaultMetrics>

const RESOLUTION_MS = 20
/** Expositions closer together show the same figures: a window this short says nothing. */
const MIN_WINDOW_MS = 1000

/** Watches utilisation and delay; call `collect` before each exposition. */
export function watchEventLoop(defaults: Defaults, clock: Clock): { collect(): void; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let utilization = performance.eventLoopUtilization()
  let since = clock.monotonic()
  // The histogram holds the time between two firings of a timer: what is beyond its period is the delay.
  const seconds = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000) : 0
  const set = (stat: 'mean' | 'p50' | 'p99' | 'max', nanoseconds: number) =>
    defaults.eventLoopDelay.set({ stat }, seconds(nanoseconds))
  return {
    collect() {
      const now = clock.monotonic()
      if (now - since < MIN_WINDOW_MS) return
      since = now
      const current = performance.eventLoopUtilization()
      defaults.eventLoopUtilization.set({}, performance.eventLoopUtilization(current, utilization).utilization)
      utilization = current
      set('mean', delay.mean)
      set('p50', delay.percentile(50))
      set('p99', delay.percentile(99))
      set('max', delay.max)
      delay.reset()
    },
    stop: () => void delay.disable(),
  }
}

/** Node's bits for the kinds, in the order of GC_KINDS. */
const KIND_BITS = [1, 4, 8, 16]

/** Observes every collection. Returns how to stop. */
export function watchGarbageCollection(defaults: Defaults): () => void {
  const bound = new Map(KIND_BITS.map((bit, i) => [bit, defaults.gcDuration.bind({ kind: GC_KINDS[i] ?? 'major' })]))
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail
      bound.get(kind)?.observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}
