/** A segment: the spans of one trace that live in this process under one local root; what the tail decision is about. */
import type { Span, SpanContext, TraceState } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { WorkContext } from '@ops/core'
import type { Verdict } from './decision.ts'
import type { Threshold } from './threshold.ts'
import { ALWAYS } from './threshold.ts'
import { withThreshold } from './trace-state.ts'

/** A span as exporters read it; ours have no resource of their own, it is added on the way out. */
export type FinishedSpan = Omit<ReadableSpan, 'resource' | 'parentSpanContext'> & {
  readonly resource?: Resource | undefined
  readonly parentSpanContext?: SpanContext | undefined
}
/** A local root: ended from outside when the process goes down. */
export type RootSpan = Span & FinishedSpan

/** What the head decided for a segment. */
export interface Head {
  readonly sampled: boolean
  /** Under which threshold; undefined when a caller sampled without saying. */
  readonly threshold: Threshold | undefined
  /** Explicit randomness of the caller; that of the trace id otherwise. */
  readonly randomness: string | undefined
  /** The caller's `tracestate`. */
  readonly callerState: string | undefined
}

/** State of a segment; changed by the buffer alone. A class, because every request makes one. */
export class Segment {
  readonly head: Head
  readonly startedAt: number
  /** The unit of work it belongs to, whose keep mark counts. */
  readonly work: WorkContext | undefined
  root: RootSpan | undefined
  rootEndedAt: number
  rootShipped: boolean
  /** Spans started and not ended. */
  open: number
  /** Spans held or shipped so far. */
  size: number
  held: FinishedSpan[]
  failing: boolean
  firstError: object | undefined
  keepReason: string | undefined
  verdict: Verdict | undefined
  list: SegmentList | undefined
  previous: Segment | undefined
  next: Segment | undefined
  #state: TraceState | undefined
  #stateKnown: boolean

  constructor(head: Head, startedAt: number, work: WorkContext | undefined) {
    this.head = head
    this.startedAt = startedAt
    this.work = work
    this.root = undefined
    this.rootEndedAt = -1
    this.rootShipped = false
    this.open = 0
    this.size = 0
    this.held = NONE
    this.failing = false
    this.firstError = undefined
    this.keepReason = undefined
    this.verdict = undefined
    this.list = undefined
    this.previous = undefined
    this.next = undefined
    this.#state = undefined
    this.#stateKnown = false
  }

  /** The flags that go downstream: the head's decision, and sampled for all that follows the first error. */
  get traceFlags(): number {
    return this.head.sampled || this.failing ? 1 : 0
  }

  /** The `tracestate` that goes downstream with {@link Segment.traceFlags}. */
  get traceState(): TraceState | undefined {
    if (!this.#stateKnown) {
      this.#state = withThreshold(this.head.callerState, this.#outgoingThreshold())
      this.#stateKnown = true
    }
    return this.#state
  }

  #outgoingThreshold(): Threshold | undefined {
    if (this.failing) return ALWAYS
    return this.head.sampled ? this.head.threshold : undefined
  }

  /** Marks the segment as failing; `span` is the one that said so. */
  fail(span: object): void {
    this.failing = true
    this.firstError = span
    this.#stateKnown = false
  }

  /** Remembers an ended span. */
  hold(span: FinishedSpan): void {
    if (this.held === NONE) this.held = [span]
    else this.held.push(span)
    this.size++
  }

  /** Gives up the held spans. */
  takeHeld(): readonly FinishedSpan[] {
    const held = this.held
    this.held = NONE
    return held
  }
}

/** Shared by all segments that hold nothing; never written to. */
const NONE: FinishedSpan[] = []

/** Segments of one kind, oldest first: adding and taking out anywhere take the same short time. */
export class SegmentList {
  first: Segment | undefined = undefined
  #last: Segment | undefined = undefined

  add(segment: Segment): void {
    segment.list = this
    segment.previous = this.#last
    segment.next = undefined
    if (this.#last === undefined) this.first = segment
    else this.#last.next = segment
    this.#last = segment
  }

  remove(segment: Segment): void {
    const { previous, next } = segment
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    segment.list = undefined
    segment.previous = undefined
    segment.next = undefined
  }
}
