/** A span: records cheaply while it is open, and looks like the SDK's finished span to whoever reads it afterwards. */
import {
  type Attributes,
  type Exception,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { TimedEvent } from '@opentelemetry/sdk-trace'
import { createSpanId } from '@ops/core'
import { type AttributeList, putAttribute, toAttributes } from './attribute-list.ts'
import { exceptionAttributes } from './exception.ts'
import type { Recorder } from './recorder.ts'
import type { RootSpan, Segment } from './segment.ts'
import { isTimeInput, toHrTime, toMonotonic } from './time-input.ts'

/** Events of a span, and links; more are counted and dropped. */
const MAX_EVENTS = 128
const MAX_LINKS = 128

interface RecordedEvent {
  readonly name: string
  readonly at: number
  readonly attributes: AttributeList
}

const UNSET: SpanStatus = { code: SpanStatusCode.UNSET }

/** What a tracer knows of a span when it starts. */
export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  readonly traceId: string
  /** Undefined where nobody may ever ask: it is made on first use. */
  readonly spanId: string | undefined
  readonly parent: RecordedSpan | SpanContext | undefined
  readonly startTime: TimeInput | undefined
}

/** See the top of the file. Its segment and its recorder do the rest. */
export class RecordedSpan implements RootSpan {
  name: string
  readonly kind: SpanKind
  readonly instrumentationScope: InstrumentationScope
  readonly segment: Segment
  readonly traceId: string
  status: SpanStatus
  droppedAttributesCount: number
  droppedEventsCount: number
  droppedLinksCount: number
  readonly #recorder: Recorder
  #spanId: string | undefined
  readonly #parent: RecordedSpan | SpanContext | undefined
  #context: SpanContext | undefined
  #open: boolean
  /** Monotonic milliseconds, negative for times before the process; the end counts once the span is not open. */
  readonly #startedAt: number
  #endedAt: number
  #attributes: AttributeList | undefined
  #events: RecordedEvent[] | undefined
  #links: Link[] | undefined

  constructor(recorder: Recorder, scope: InstrumentationScope, segment: Segment, start: SpanStart, now: number) {
    this.#recorder = recorder
    this.instrumentationScope = scope
    this.segment = segment
    this.name = start.name
    this.kind = start.kind
    this.status = UNSET
    this.droppedAttributesCount = 0
    this.droppedEventsCount = 0
    this.droppedLinksCount = 0
    this.traceId = start.traceId
    this.#spanId = start.spanId
    this.#parent = start.parent
    this.#context = undefined
    this.#startedAt = start.startTime === undefined ? now : toMonotonic(start.startTime, recorder.offset, now)
    this.#open = true
    this.#endedAt = 0
    this.#attributes = undefined
    this.#events = undefined
    this.#links = undefined
  }

  /** False for spans of another provider, such as one that was shut down. */
  belongsTo(recorder: Recorder): boolean {
    return this.#recorder === recorder
  }

  /** Keeps its segment; the first reason stays. */
  keep(reason: string): void {
    this.segment.keepReason ??= reason
  }

  spanContext(): SpanContext {
    const { traceFlags } = this.segment
    if (this.#context?.traceFlags === traceFlags) return this.#context
    this.#spanId ??= createSpanId()
    const { traceState } = this.segment
    const ids = { traceId: this.traceId, spanId: this.#spanId, traceFlags }
    this.#context = traceState === undefined ? ids : { ...ids, traceState }
    return this.#context
  }

  isRecording(): boolean {
    return this.#open
  }

  setAttribute(key: string, value: unknown): this {
    if (this.#open) this.#put(key, value)
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (this.#open) for (const key in attributes) this.#put(key, attributes[key])
    return this
  }

  #put(key: string, value: unknown): void {
    if (value === undefined || value === null) return
    this.#attributes ??= []
    if (!putAttribute(this.#attributes, key, value)) this.droppedAttributesCount++
    // The number goes first: most attributes are text.
    if (typeof value === 'number' && value >= 500 && isStatusKey(key)) this.#recorder.failed(this.segment, this)
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.#open) return this
    const [attributes, at] = isTimeInput(attributesOrTime) ? [undefined, attributesOrTime] : [attributesOrTime, time]
    this.#events ??= []
    if (this.#events.length >= MAX_EVENTS) {
      this.droppedEventsCount++
      return this
    }
    const list: AttributeList = []
    for (const key in attributes) if (attributes[key] !== undefined) putAttribute(list, key, attributes[key])
    this.#events.push({ name, at: this.#timeOf(at), attributes: list })
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.addEvent('exception', exceptionAttributes(exception), time)
  }

  addLink(link: Link): this {
    if (!this.#open) return this
    this.#links ??= []
    if (this.#links.length >= MAX_LINKS) this.droppedLinksCount++
    else this.#links.push(link.attributes === undefined ? link : { ...link, attributes: { ...link.attributes } })
    return this
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  /** OK is final, UNSET says nothing, ERROR keeps the segment. */
  setStatus(status: SpanStatus): this {
    if (!this.#open || status.code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK) return this
    const { code, message } = status
    const failed = code === SpanStatusCode.ERROR
    this.status = failed && typeof message === 'string' ? { code, message } : { code }
    if (failed) this.#recorder.failed(this.segment, this)
    return this
  }

  updateName(name: string): this {
    if (this.#open) this.name = name
    return this
  }

  end(endTime?: TimeInput): void {
    if (!this.#open) return
    const now = this.#recorder.now()
    const endedAt = endTime === undefined ? now : toMonotonic(endTime, this.#recorder.offset, now)
    this.#open = false
    this.#endedAt = Math.max(endedAt, this.#startedAt)
    this.#recorder.ended(this.segment, this, now)
  }

  #timeOf(time: TimeInput | undefined): number {
    const now = this.#recorder.now()
    return time === undefined ? now : toMonotonic(time, this.#recorder.offset, now)
  }

  get parentSpanContext(): SpanContext | undefined {
    return this.#parent instanceof RecordedSpan ? this.#parent.spanContext() : this.#parent
  }
  get ended(): boolean {
    return !this.#open
  }
  get startTime(): HrTime {
    return toHrTime(this.#startedAt + this.#recorder.offset)
  }
  get endTime(): HrTime {
    return this.#open ? [0, 0] : toHrTime(this.#endedAt + this.#recorder.offset)
  }
  get duration(): HrTime {
    return this.#open ? [0, 0] : toHrTime(this.#endedAt - this.#startedAt)
  }
  get attributes(): Attributes {
    return toAttributes(this.#attributes)
  }
  get links(): Link[] {
    return this.#links ?? []
  }
  get events(): TimedEvent[] {
    const { offset } = this.#recorder
    return (this.#events ?? []).map(({ name, at, attributes }) => ({
      name,
      time: toHrTime(at + offset),
      attributes: toAttributes(attributes),
    }))
  }
}

function isStatusKey(key: string): boolean {
  return key === 'http.response.status_code' || key === 'http.status_code'
}
