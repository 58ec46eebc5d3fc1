import type { DropCounts } from './limits.ts'

/** How tracing does. */
export interface TracingStatus {
  /** Local parts of traces that are not decided. */
  readonly segments: number
  /** Ended spans that wait for a decision. */
  readonly heldSpans: number
  /** Kept spans that wait for the exporter. */
  readonly queuedSpans: number
  readonly exportedSpans: number
  /** Spans lost since the start, by reason. */
  readonly droppedSpans: Readonly<DropCounts>
  /** `off` without a destination, `failing` while the latest export failed. */
  readonly exporter: 'off' | 'ok' | 'failing'
  /** What the latest export failed with. */
  readonly lastFailure: string | undefined
}
