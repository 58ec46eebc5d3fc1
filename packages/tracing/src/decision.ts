import type { Threshold } from './threshold.ts'

/** Outcomes in the order they are tried; the label of `tracing_segments_total`. */
export const DECISIONS = ['error', 'pinned', 'slow', 'head', 'rule', 'dropped'] as const
/** One of {@link DECISIONS}. */
export type Decision = (typeof DECISIONS)[number]

/** A decision about a segment. */
export interface Verdict {
  readonly keep: boolean
  readonly decision: Decision
  /** Value of the `sampling.reason` attribute. */
  readonly reason: string
  /** What its spans count for; undefined when a caller sampled without saying. */
  readonly threshold: Threshold | undefined
}
