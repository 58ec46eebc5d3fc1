import type { Meter } from '@ops/core'
import { configMetrics, type ReloadResult } from './metrics.ts'

/** Writes the metrics of one configuration. */
export interface Recorder {
  reload(result: ReloadResult, nowMs: number, isStart: boolean): void
  state(hash: string, pending: number): void
}

export function createRecorder(meter: Meter): Recorder {
  const instruments = meter.instruments(configMetrics)
  let lastHash = ''
  return {
    reload(result, nowMs, isStart) {
      const isGood = result === 'success' || result === 'unchanged'
      if (!isStart) instruments.reloads.inc({ result })
      instruments.lastReloadSuccessful.set({}, isGood ? 1 : 0)
      if (isGood) instruments.lastReloadSuccess.set({}, nowMs / 1000)
    },
    state(hash, pending) {
      instruments.pendingRestart.set({}, pending)
      if (hash === lastHash) return
      if (lastHash !== '') instruments.hash.remove({ hash: lastHash })
      instruments.hash.set({ hash }, 1)
      lastHash = hash
    },
  }
}
