/** What the segment buffer may hold, and what it counts when it may not. */

/** Bounds of the buffer of undecided segments. */
export interface TracingLimits {
  /** Segments open at a time. Integer from 1. @defaultValue 5000 */
  readonly maxSegments: number
  /** Spans of one segment; its root and its first error come on top. Integer from 1. @defaultValue 500 */
  readonly maxSpansPerSegment: number
  /** Ended spans held for all segments. Integer from 1. @defaultValue 50_000 */
  readonly maxSpans: number
  /** Age in milliseconds at which a segment is decided by what is known so far. From 1. @defaultValue 60_000 */
  readonly maxAgeMs: number
  /** How long in milliseconds children that outlive their root are waited for. From 0. @defaultValue 30_000 */
  readonly lateChildrenMs: number
}

/** The bounds when none are given. */
export const DEFAULT_LIMITS: TracingLimits = {
  maxSegments: 5000,
  maxSpansPerSegment: 500,
  maxSpans: 50_000,
  maxAgeMs: 60_000,
  lateChildrenMs: 30_000,
}

/** Why spans were lost: label of `tracing_spans_dropped_total`. */
export const DROP_REASONS = [
  'segment_full',
  'segments_full',
  'spans_full',
  'too_old',
  'queue_full',
  'rejected',
  'shutdown',
] as const
/** One of {@link DROP_REASONS}. */
export type DropReason = (typeof DROP_REASONS)[number]

/** Plain counters of everything lost. */
export type DropCounts = Record<DropReason, number>

/** All zero. */
export function createDropCounts(): DropCounts {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as DropCounts
}
