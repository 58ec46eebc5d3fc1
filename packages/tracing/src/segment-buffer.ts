/**
 * The buffer of open segments and its state machine: holds what is undecided, decides when the last span of a segment ends
 * (or when room or time runs out), and afterwards lets late spans follow the decision. An error revises any decision to keep.
 */

import { DECISIONS, type Decision, type Verdict } from './decision.ts'
import type { DropCounts, DropReason, TracingLimits } from './limits.ts'
import type { Policy } from './sampling.ts'
import { type FinishedSpan, type Segment, SegmentList } from './segment.ts'
import { decide } from './verdict.ts'

/** How hard the way out must try: under pressure the lower go first. */
const PRIORITY = { healthy: 0, failing: 1, essential: 2 } as const
/** One of {@link PRIORITY}. */
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY]

/** Where kept spans go. */
export type Ship = (span: FinishedSpan, segment: Segment, verdict: Verdict, priority: Priority) => void

/** What a buffer works with. */
export interface SegmentBufferOptions {
  readonly limits: TracingLimits
  readonly policy: Policy
  readonly drops: DropCounts
  readonly ship: Ship
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** See the top of the file. One a provider. */
export class SegmentBuffer {
  /** Decisions so far; one that an error revised later counts again. */
  readonly decided: Record<Decision, number>
  /** Segments in the buffer. */
  segments = 0
  /** Ended spans in the buffer. */
  spans = 0
  readonly #options: SegmentBufferOptions
  readonly #healthy = new SegmentList()
  readonly #sampled = new SegmentList()
  readonly #failing = new SegmentList()

  constructor(options: SegmentBufferOptions) {
    this.#options = options
    this.decided = Object.fromEntries(DECISIONS.map((decision) => [decision, 0])) as Record<Decision, number>
  }

  /** A span of the segment has started. */
  started(segment: Segment): void {
    segment.open++
    if (segment.verdict !== undefined || segment.list !== undefined) return
    this.#listFor(segment).add(segment)
    this.segments++
    while (this.segments > this.#options.limits.maxSegments && this.#releaseOldest('segments_full'));
  }

  /** A span of the segment, open or just ending, is an error. */
  failed(segment: Segment, span: object): void {
    if (segment.failing || !this.#options.policy.keepErrors) return
    segment.fail(span)
    if (segment.list !== undefined) {
      segment.list.remove(segment)
      this.#failing.add(segment)
    }
    if (segment.verdict !== undefined) this.#revise(segment, this.#options.now())
  }

  /** A span of the segment has ended at `at`, monotonic milliseconds; errors have been told before. */
  ended(segment: Segment, span: FinishedSpan, at: number): void {
    segment.open--
    if (span === segment.root) segment.rootEndedAt = at
    if (segment.list === undefined) {
      this.#follow(segment, span, at)
      return
    }
    this.#hold(segment, span)
    if (segment.rootEndedAt >= 0 && segment.open === 0) this.#release(segment, at)
    else while (this.spans > this.#options.limits.maxSpans && this.#releaseOldest('spans_full'));
  }

  /** Decides what has become too old or has waited long enough for late children. */
  sweep(): void {
    const { now, limits } = this.#options
    const at = now()
    for (const list of [this.#healthy, this.#sampled, this.#failing]) {
      for (let segment = list.first, next: Segment | undefined; segment !== undefined; segment = next) {
        next = segment.next
        if (segment.rootEndedAt >= 0 && at - segment.rootEndedAt >= limits.lateChildrenMs) this.#release(segment, at)
        else if (at - segment.startedAt >= limits.maxAgeMs) this.#release(segment, at, 'too_old')
      }
    }
  }

  /** The process goes down: ends open roots as they are and decides everything, in favour of what had not finished. */
  finish(): void {
    for (const list of [this.#failing, this.#sampled, this.#healthy]) {
      for (let segment = list.first; segment !== undefined; segment = list.first) {
        if (segment.rootEndedAt < 0) this.#cutOff(segment)
        if (segment.list !== undefined) this.#release(segment, this.#options.now())
      }
    }
  }

  #cutOff(segment: Segment): void {
    segment.keepReason ??= 'unfinished'
    segment.root?.setAttribute('ops.unfinished', true)
    segment.root?.end()
  }

  #listFor(segment: Segment): SegmentList {
    if (segment.failing) return this.#failing
    return segment.head.sampled ? this.#sampled : this.#healthy
  }

  #hold(segment: Segment, span: FinishedSpan): void {
    if (this.#hasRoom(segment, span)) {
      segment.hold(span)
      this.spans++
    } else this.#drop('segment_full', 1)
  }

  /** The root and the first error always have. */
  #hasRoom(segment: Segment, span: FinishedSpan): boolean {
    return (
      segment.size < this.#options.limits.maxSpansPerSegment || span === segment.root || span === segment.firstError
    )
  }

  /** Healthy segments that the head left out lose the least; the others only leave early, with what they have. */
  #releaseOldest(why: DropReason): boolean {
    const oldest = this.#healthy.first ?? this.#sampled.first ?? this.#failing.first
    if (oldest !== undefined) this.#release(oldest, this.#options.now(), why)
    return oldest !== undefined
  }

  /** Decides and forgets a segment; `why` names the bound when it was not its end. */
  #release(segment: Segment, at: number, why?: DropReason): void {
    const verdict = decide(segment, this.#options.policy, at)
    segment.list?.remove(segment)
    this.segments--
    this.#settle(segment, verdict)
    const held = segment.takeHeld()
    this.spans -= held.length
    if (verdict.keep) for (const span of held) this.#ship(segment, span, verdict)
    else if (why !== undefined) this.#drop(why, held.length)
  }

  #settle(segment: Segment, verdict: Verdict): void {
    segment.verdict = verdict
    this.decided[verdict.decision]++
  }

  /** A span that ends after the decision. */
  #follow(segment: Segment, span: FinishedSpan, at: number): void {
    if (segment.verdict?.keep !== true) this.#revise(segment, at)
    const { verdict } = segment
    if (verdict?.keep !== true || (span === segment.root && segment.rootShipped)) return
    if (this.#hasRoom(segment, span)) {
      segment.size++
      this.#ship(segment, span, verdict)
    } else this.#drop('segment_full', 1)
  }

  /** Decides again: an error, a keep mark or a slow end may have come since. The root is brought along. */
  #revise(segment: Segment, at: number): void {
    const verdict = decide(segment, this.#options.policy, at)
    if (!verdict.keep) return
    this.#settle(segment, verdict)
    const { root } = segment
    if (root !== undefined && segment.rootEndedAt >= 0 && !segment.rootShipped) this.#ship(segment, root, verdict)
  }

  #ship(segment: Segment, span: FinishedSpan, verdict: Verdict): void {
    if (span === segment.root) segment.rootShipped = true
    this.#options.ship(span, segment, verdict, priorityOf(segment, span))
  }

  #drop(reason: DropReason, count: number): void {
    this.#options.drops[reason] += count
  }
}

function priorityOf(segment: Segment, span: FinishedSpan): Priority {
  if (!segment.failing) return PRIORITY.healthy
  return span === segment.root || span === segment.firstError ? PRIORITY.essential : PRIORITY.failing
}
