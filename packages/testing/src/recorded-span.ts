/** A span that keeps what it is told, readable while it is open and after it has ended. */
import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'

/** An event of a {@link RecordedSpan}; exceptions are events named `exception`. */
export interface RecordedEvent {
  /** Name as given; `exception` for exceptions. */
  readonly name: string
  /** Attributes as given. */
  readonly attributes: Attributes
}

/** A span as recorded. */
export interface RecordedSpan {
  /** Name of the tracer, usually the package's. */
  readonly tracer: string
  /** The last name given. */
  readonly name: string
  /** Internal unless given. */
  readonly kind: SpanKind
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  /** Undefined at the root of a trace. */
  readonly parentSpanId: string | undefined
  /** Attributes given before the end. */
  readonly attributes: Attributes
  /** Events in order. */
  readonly events: readonly RecordedEvent[]
  /** Links in order. */
  readonly links: readonly Link[]
  /** Unset unless given; OK is final. */
  readonly status: SpanStatus
  /** False while the span is open. */
  readonly ended: boolean
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number
  /** Milliseconds since the Unix epoch; undefined while open. */
  readonly endMs: number | undefined
}

/** Where a span stands, as its tracer decided. */
export interface SpanPlace {
  readonly tracer: string
  readonly spanContext: SpanContext
  readonly parentSpanId: string | undefined
}

function toMs(time: TimeInput | undefined): number {
  if (time === undefined) return Date.now()
  if (time instanceof Date) return time.getTime()
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1e6
  // Small numbers count from the process's time origin, as performance.now() does.
  return time < performance.timeOrigin ? performance.timeOrigin + time : time
}

function exceptionAttributes(exception: Exception): Attributes {
  if (typeof exception === 'string') return { 'exception.message': exception }
  const { code, name, message, stack } = exception
  return {
    'exception.type': String(code ?? name ?? 'Error'),
    'exception.message': message ?? '',
    ...(stack === undefined ? {} : { 'exception.stacktrace': stack }),
  }
}

/** The recorder's span; what comes after `end` is ignored, as the specification asks. */
export class MemorySpan implements Span, RecordedSpan {
  readonly tracer: string
  name: string
  readonly kind: SpanKind
  readonly parentSpanId: string | undefined
  readonly attributes: Attributes
  readonly events: RecordedEvent[] = []
  readonly links: Link[]
  status: SpanStatus = { code: SpanStatusCode.UNSET }
  readonly startMs: number
  endMs: number | undefined
  readonly #spanContext: SpanContext

  constructor(name: string, place: SpanPlace, options: SpanOptions) {
    this.name = name
    this.tracer = place.tracer
    this.#spanContext = place.spanContext
    this.parentSpanId = place.parentSpanId
    this.kind = options.kind ?? SpanKind.INTERNAL
    this.attributes = { ...options.attributes }
    this.links = [...(options.links ?? [])]
    this.startMs = toMs(options.startTime)
  }

  get traceId(): string {
    return this.#spanContext.traceId
  }
  get spanId(): string {
    return this.#spanContext.spanId
  }
  get ended(): boolean {
    return this.endMs !== undefined
  }
  spanContext(): SpanContext {
    return this.#spanContext
  }
  isRecording(): boolean {
    return !this.ended
  }
  setAttribute(key: string, value: AttributeValue): this {
    if (!this.ended) this.attributes[key] = value
    return this
  }
  setAttributes(attributes: Attributes): this {
    if (!this.ended) Object.assign(this.attributes, attributes)
    return this
  }
  addEvent(name: string, attributesOrTime?: Attributes | TimeInput): this {
    const isTime =
      typeof attributesOrTime !== 'object' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date
    if (!this.ended) this.events.push({ name, attributes: isTime ? {} : { ...(attributesOrTime as Attributes) } })
    return this
  }
  addLink(link: Link): this {
    if (!this.ended) this.links.push(link)
    return this
  }
  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }
  setStatus(status: SpanStatus): this {
    if (!this.ended && this.status.code !== SpanStatusCode.OK) this.status = status
    return this
  }
  updateName(name: string): this {
    if (!this.ended) this.name = name
    return this
  }
  recordException(exception: Exception): void {
    this.addEvent('exception', exceptionAttributes(exception))
  }
  end(endTime?: TimeInput): void {
    this.endMs ??= toMs(endTime)
  }
}
