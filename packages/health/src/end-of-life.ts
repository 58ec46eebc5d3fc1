/** What a process says when it ends: one record, and one line for people. */
import type { StepRecord } from './step.ts'

/** The record of a stop. JSON-safe. */
export interface EndOfLife {
  /** The signal, or what `stop` was told, or the crash. */
  readonly reason: string
  readonly code: number
  readonly durationMs: number
  /** Requests that were in flight when the drain began or came in since. */
  readonly requests: { readonly finished: number; readonly cut: number }
  /** In the order they ended. */
  readonly steps: readonly StepRecord[]
  /** Beacons that still burnt when the deadline passed. */
  readonly beacons: readonly string[]
  /** What would have kept the process alive, by type of resource. */
  readonly keptAlive: Readonly<Record<string, number>>
  /** Other listeners for our signals. */
  readonly rivals: readonly string[]
}

/** The line. */
export function describeEnd(end: EndOfLife): string {
  const { finished, cut } = end.requests
  const troubled = end.steps.filter((step) => step.outcome !== 'done').map((step) => `${step.name} ${step.outcome}`)
  const manner = end.code === 0 ? 'cleanly' : `with code ${end.code}`
  const trouble = troubled.length === 0 ? '' : `; ${troubled.join(', ')}`
  return `Stopped ${manner} after ${end.durationMs} ms (${end.reason}): ${finished} requests finished, ${cut} cut${trouble}`
}

/** Always there, or ours. */
const EXPECTED = new Set([
  'TTYWrap',
  'PipeWrap',
  'SignalWrap',
  'Immediate',
  'CloseReq',
  'FSReqCallback',
  'FSReqPromise',
])

/** Resources that keep the event loop turning, counted by type. */
export function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo()) {
    if (!EXPECTED.has(type)) counts[type] = (counts[type] ?? 0) + 1
  }
  return counts
}
