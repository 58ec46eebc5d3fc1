/** What all tracers of a provider share: the time, the policy and the buffer their spans report to. */
import type { Clock } from '@ops/core'
import type { Policy } from './sampling.ts'
import type { FinishedSpan, Segment } from './segment.ts'
import type { SegmentBuffer } from './segment-buffer.ts'

/** See the top of the file. */
export class Recorder {
  /** Wall time minus monotonic time, in milliseconds. */
  offset: number
  /** False once shut down: spans are then made without being recorded. */
  recording: boolean
  readonly policy: Policy
  readonly buffer: SegmentBuffer
  readonly #clock: Clock

  constructor(clock: Clock, policy: Policy, buffer: SegmentBuffer) {
    this.#clock = clock
    this.policy = policy
    this.buffer = buffer
    this.recording = true
    this.offset = clock.now() - clock.monotonic()
  }

  now(): number {
    return this.#clock.monotonic()
  }

  /**
   * Follows the wall clock. It ticks in whole milliseconds, so the true offset is the largest seen, unless the clock was
   * set back.
   */
  anchor(): void {
    const offset = this.#clock.now() - this.#clock.monotonic()
    if (offset > this.offset || offset < this.offset - 1) this.offset = offset
  }

  failed(segment: Segment, span: object): void {
    this.buffer.failed(segment, span)
  }

  ended(segment: Segment, span: FinishedSpan, at: number): void {
    this.buffer.ended(segment, span, at)
  }
}
