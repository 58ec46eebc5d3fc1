/** Beats while the event loop turns, and measures by its own lateness how busy the loop is. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import type { Clock } from '@ops/core'
import type { LoopSample } from './overload.ts'

const BEAT_MS = 100
const BEATS_A_SAMPLE = 5

/** What a heartbeat tells. */
export interface HeartbeatListener {
  onBeat(): void
  onSample(sample: LoopSample): void
  /** The loop stood still for `blockedMs`. */
  onBlocked(blockedMs: number): void
}

/** A block worth a line in the log. */
const BLOCKED_MS = 1000

/** Share of the time the loop was busy since the last call. */
export type UtilizationGauge = () => number

/** The process's own event loop. */
export function createUtilizationGauge(): UtilizationGauge {
  let last: EventLoopUtilization = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}

/** Starts beating. Returns how to stop. */
export function startHeartbeat(clock: Clock, utilization: UtilizationGauge, listener: HeartbeatListener): () => void {
  let last = clock.monotonic()
  let beats = 0
  let lateMs = 0
  const timer = clock.setInterval(() => {
    const now = clock.monotonic()
    const late = Math.max(0, now - last - BEAT_MS)
    last = now
    lateMs += late
    listener.onBeat()
    if (late >= BLOCKED_MS) listener.onBlocked(late)
    if (++beats < BEATS_A_SAMPLE) return
    listener.onSample({ utilization: utilization(), delayMs: lateMs / beats })
    beats = 0
    lateMs = 0
  }, BEAT_MS)
  return () => timer.cancel()
}
