/** Copies the pipeline's plain counters into instruments before each exposition. */
import type { BoundCounter, Meter } from '@ops/core'
import { DECISIONS } from './decision.ts'
import type { ExportLoop } from './export-loop.ts'
import type { ExportQueue } from './export-queue.ts'
import { DROP_REASONS, type DropCounts } from './limits.ts'
import { EXPORT_OUTCOMES, tracingMetrics } from './metrics.ts'
import type { SegmentBuffer } from './segment-buffer.ts'

/** The parts that count. */
export interface CountingParts {
  readonly buffer: SegmentBuffer
  readonly drops: DropCounts
  readonly queue: ExportQueue
  readonly loop: ExportLoop | undefined
}

/** Records what the parts count with `meter`. Returns how to stop. */
export function recordSelf(meter: Meter, { buffer, drops, loop, queue }: CountingParts): () => void {
  const metrics = meter.instruments(tracingMetrics)
  const copies = [
    ...DECISIONS.map((decision) => copy(metrics.segments.bind({ decision }), () => buffer.decided[decision])),
    ...DROP_REASONS.map((reason) => copy(metrics.dropped.bind({ reason }), () => drops[reason])),
    ...EXPORT_OUTCOMES.map((outcome) => copy(metrics.exports.bind({ outcome }), () => loop?.exports[outcome] ?? 0)),
    copy(metrics.exported.bind({}), () => loop?.exported ?? 0),
  ]
  const collect = () => {
    for (const update of copies) update()
    metrics.openSegments.set({}, buffer.segments)
    metrics.heldSpans.set({}, buffer.spans)
    metrics.queuedSpans.set({}, queue.size)
  }
  return meter.onCollect(collect, { name: 'tracing' })
}

/** Counters take steps; the pipeline counts totals. */
function copy(instrument: BoundCounter, total: () => number): () => void {
  let copied = 0
  return () => {
    const now = total()
    if (now > copied) instrument.inc(now - copied)
    copied = now
  }
}
