/**
 * Spans as OTLP/JSON, joined by hand. Building the request as objects for `JSON.stringify` and keeping those alive until
 * it leaves was the dearest part of tracing. What is zero or empty is left out, as protobuf's JSON does.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api'
import type { InstrumentationScope } from '@opentelemetry/core'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import type { Parcel } from './exit.ts'

const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200
/** Distinct attribute keys whose JSON is remembered: more than any set of instrumentations uses. */
const MAX_KEYS = 1000

/** A span as text, with what it is grouped by. */
export interface EncodedSpan extends Parcel {
  readonly scope: InstrumentationScope
  readonly json: string
}

/** Encodes one span. */
export function encodeSpan(span: ReadableSpan): EncodedSpan {
  return { resource: span.resource, scope: span.instrumentationScope, json: spanJson(span) }
}

/** The body of one export request. */
export function encodeRequest(spans: readonly EncodedSpan[]): Uint8Array {
  const resources = Map.groupBy(spans, (span) => span.resource)
  const groups = Array.from(resources, ([{ attributes }, own]) => {
    const scopes = Array.from(
      Map.groupBy(own, (span) => span.scope),
      scopeSpans,
    )
    return `{"resource":{"attributes":[${attributesJson(attributes)}]},"scopeSpans":[${scopes.join(',')}]}`
  })
  return Buffer.from(`{"resourceSpans":[${groups.join(',')}]}`)
}

function scopeSpans([scope, spans]: [InstrumentationScope, EncodedSpan[]]): string {
  const { name, version, schemaUrl } = scope
  const url = schemaUrl === undefined ? '' : `,"schemaUrl":${JSON.stringify(schemaUrl)}`
  return `{"scope":${JSON.stringify({ name, version })},"spans":[${spans.map((span) => span.json).join(',')}]${url}}`
}

/** Joined from parts, so that the text is flat at once: one made by `+` would stay a tree of its pieces while it waits. */
function spanJson(span: ReadableSpan): string {
  const context = span.spanContext()
  const { parentSpanContext: parent, status, events, links } = span
  const parts = ['{', idsJson(context)]
  if (parent !== undefined && parent.spanId !== '') parts.push(',"parentSpanId":"', parent.spanId, '"')
  parts.push(',"name":', JSON.stringify(span.name), ',"kind":', `${span.kind + 1}`)
  parts.push(',"startTimeUnixNano":"', nanos(span.startTime), '","endTimeUnixNano":"', nanos(span.endTime))
  parts.push('","attributes":[', attributesJson(span.attributes), ']')
  if (events.length > 0) parts.push(',"events":[', events.map(eventJson).join(','), ']')
  if (links.length > 0) parts.push(',"links":[', links.map(linkJson).join(','), ']')
  if (status.code !== 0) parts.push(',"status":', JSON.stringify(status))
  parts.push(
    count('droppedAttributesCount', span.droppedAttributesCount),
    count('droppedEventsCount', span.droppedEventsCount),
    count('droppedLinksCount', span.droppedLinksCount),
    flags(context, parent),
  )
  return parts.join('')
}

/** Ids come from tracers and validated headers: hex, which needs no quoting. */
function idsJson({ traceId, spanId, traceState }: SpanContext): string {
  const state = traceState === undefined ? '' : `,"traceState":${JSON.stringify(traceState.serialize())}`
  return `"traceId":"${traceId}","spanId":"${spanId}"${state}`
}

/** The last member: W3C's flags, and whether `other` came from another process. */
function flags({ traceFlags }: SpanContext, other: SpanContext | undefined): string {
  return `,"flags":${(traceFlags & 0xff) | HAS_IS_REMOTE | (other?.isRemote === true ? IS_REMOTE : 0)}}`
}

function count(name: string, dropped: number | undefined): string {
  return dropped === undefined || dropped === 0 ? '' : `,"${name}":${dropped}`
}

function eventJson({ name, time, attributes = {}, droppedAttributesCount: dropped }: TimedEvent): string {
  const start = `{"name":${JSON.stringify(name)},"timeUnixNano":"${nanos(time)}"`
  return `${start},"attributes":[${attributesJson(attributes)}]${count('droppedAttributesCount', dropped)}}`
}

function linkJson({ context, attributes = {}, droppedAttributesCount: dropped }: Link): string {
  const list = `"attributes":[${attributesJson(attributes)}]`
  return `{${idsJson(context)},${list}${count('droppedAttributesCount', dropped)}${flags(context, context)}`
}

/** Seconds and nanoseconds as one decimal number: it exceeds what a double holds. */
function nanos([seconds, nanoseconds]: HrTime): string {
  return `${seconds}${String(1e9 + nanoseconds).slice(1)}`
}

function attributesJson(attributes: Attributes): string {
  const parts: string[] = []
  for (const key in attributes) parts.push(`${keyJson(key)}${anyJson(attributes[key])}}`)
  return parts.join(',')
}

const keys = new Map<string, string>()

/** The same few keys stand in every span. */
function keyJson(key: string): string {
  let json = keys.get(key)
  if (json !== undefined) return json
  json = `{"key":${JSON.stringify(key)},"value":`
  if (keys.size < MAX_KEYS) keys.set(key, json)
  return json
}

/** A value as the one-of of `AnyValue`; what has no place there is empty. */
function anyJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${JSON.stringify(value)}}`
    case 'number':
      return numberJson(value)
    case 'boolean':
      return value ? '{"boolValue":true}' : '{"boolValue":false}'
    case 'object':
      return value === null ? '{}' : containerJson(value)
    default:
      return '{}'
  }
}

function numberJson(value: number): string {
  if (Number.isSafeInteger(value)) return `{"intValue":${value}}`
  return Number.isFinite(value) ? `{"doubleValue":${value}}` : `{"doubleValue":"${value}"}`
}

function containerJson(value: object): string {
  if (value instanceof Uint8Array) return `{"bytesValue":"${Buffer.from(value).toString('base64')}"}`
  if (Array.isArray(value)) return `{"arrayValue":{"values":[${value.map(anyJson).join(',')}]}}`
  return `{"kvlistValue":{"values":[${attributesJson(value as Attributes)}]}}`
}
