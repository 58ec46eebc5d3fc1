/** A kept span as the exporter sees it: scrubbed, marked with why it was kept and how many it stands for. */
import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus, TraceState } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import type { Scrubber } from '@ops/core'
import type { FinishedSpan } from './segment.ts'

/** Characters of a text value that leave the process. */
const MAX_VALUE_LENGTH = 16_384

/** What the decision adds to a span. */
export interface KeptMark {
  /** `tracestate` with the threshold of the decision; undefined when there is nothing to say. */
  readonly traceState: TraceState | undefined
  /** Value of `sampling.reason`; given for the local root only. */
  readonly reason: string | undefined
}

/** What is the same for all spans of a provider. */
export interface Outlet {
  readonly resource: Resource
  readonly scrubber: Scrubber | undefined
}

/** See the top of the file. Everything is worked out when it is read, which only an exporter does. */
export class KeptSpan implements ReadableSpan {
  readonly #span: FinishedSpan
  readonly #mark: KeptMark
  readonly #outlet: Outlet
  #attributes: Attributes | undefined

  constructor(span: FinishedSpan, mark: KeptMark, outlet: Outlet) {
    this.#span = span
    this.#mark = mark
    this.#outlet = outlet
    this.#attributes = undefined
  }

  spanContext(): SpanContext {
    const { traceId, spanId, traceFlags } = this.#span.spanContext()
    const { traceState } = this.#mark
    const ids = { traceId, spanId, traceFlags: traceFlags | 1 }
    return traceState === undefined ? ids : { ...ids, traceState }
  }
  get name(): string {
    return this.#text(this.#span.name)
  }
  get kind(): SpanKind {
    return this.#span.kind
  }
  // The interface asks for a property that may be absent, not for one that may be undefined.
  get parentSpanContext(): SpanContext {
    return this.#span.parentSpanContext as SpanContext
  }
  get startTime(): HrTime {
    return this.#span.startTime
  }
  get endTime(): HrTime {
    return this.#span.endTime
  }
  get duration(): HrTime {
    return this.#span.duration
  }
  get ended(): boolean {
    return this.#span.ended
  }
  get status(): SpanStatus {
    const { code, message } = this.#span.status
    return message === undefined ? { code } : { code, message: this.#text(message) }
  }
  get attributes(): Attributes {
    if (this.#attributes === undefined) {
      const attributes = this.#clean(this.#span.attributes)
      if (this.#mark.reason !== undefined) attributes['sampling.reason'] = this.#mark.reason
      this.#attributes = attributes
    }
    return this.#attributes
  }
  get events(): TimedEvent[] {
    return this.#span.events.map((event) => ({
      ...event,
      name: this.#text(event.name),
      attributes: this.#clean(event.attributes),
    }))
  }
  get links(): Link[] {
    return this.#span.links.map((link) => ({ ...link, attributes: this.#clean(link.attributes) }))
  }
  get resource(): Resource {
    return this.#span.resource ?? this.#outlet.resource
  }
  get instrumentationScope(): InstrumentationScope {
    return this.#span.instrumentationScope
  }
  get droppedAttributesCount(): number {
    return this.#span.droppedAttributesCount
  }
  get droppedEventsCount(): number {
    return this.#span.droppedEventsCount
  }
  get droppedLinksCount(): number {
    return this.#span.droppedLinksCount
  }

  #text(text: string): string {
    return this.#outlet.scrubber?.text(text) ?? text
  }

  #clean(attributes: Attributes | undefined): Attributes {
    const { scrubber } = this.#outlet
    const clean: Attributes = {}
    for (const key in attributes) {
      const value = scrubber === undefined ? attributes[key] : scrubber.value(attributes[key], key)
      clean[key] = typeof value === 'string' ? value.slice(0, MAX_VALUE_LENGTH) : value
    }
    return clean
  }
}
