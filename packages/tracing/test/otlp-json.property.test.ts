/** OpenTelemetry's own serialiser is the oracle: ours says the same, but for what protobuf's JSON leaves out. */
import { createTraceState } from '@opentelemetry/api'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRequest, encodeSpan } from '../src/otlp-json.ts'

const digit = fc.constantFrom(...'0123456789abcdef')
const hex = (length: number) => fc.string({ unit: digit, minLength: length, maxLength: length })
const hrTime = fc.tuple(fc.integer({ min: 1, max: 4e9 }), fc.integer({ min: 0, max: 999_999_999 }))
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  fc.boolean(),
)
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), fc.uint8Array({ maxLength: 9 }), fc.constant(null))
const attributes = fc.dictionary(fc.string(), value, { maxKeys: 6 })
const spanContext = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.integer({ min: 0, max: 255 }),
  isRemote: fc.boolean(),
  traceState: fc.option(fc.constant(createTraceState('ot=th:e8,acme=1')), { nil: undefined }),
})
const event = fc.record({ name: fc.string(), time: hrTime, attributes, droppedAttributesCount: fc.nat(3) })
const link = fc.record({ context: spanContext, attributes, droppedAttributesCount: fc.nat(3) })
const resources = [{ attributes: { 'service.name': 'a' } }, { attributes: {} }]
const scopes = [{ name: 'x' }, { name: 'y', version: '1' }, { name: 'z', schemaUrl: 'https://example.com/1' }]
const span = fc.record({
  context: spanContext,
  parentSpanContext: fc.option(spanContext, { nil: undefined }),
  name: fc.string(),
  kind: fc.integer({ min: 0, max: 4 }),
  startTime: hrTime,
  endTime: hrTime,
  status: fc.oneof(
    fc.constant({ code: 0 }),
    fc.constant({ code: 1 }),
    fc.record({ code: fc.constant(2), message: fc.string() }),
  ),
  attributes,
  events: fc.array(event, { maxLength: 3 }),
  links: fc.array(link, { maxLength: 3 }),
  resource: fc.constantFrom(...resources),
  instrumentationScope: fc.constantFrom(...scopes),
  droppedAttributesCount: fc.nat(3),
  droppedEventsCount: fc.nat(3),
  droppedLinksCount: fc.nat(3),
})

const bytes = (body: Uint8Array | undefined) => JSON.parse(Buffer.from(body ?? []).toString()) as unknown

/** Without what protobuf's JSON may leave out. */
function bare(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bare)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, inner]): [string, unknown] => [key, bare(inner)])
  const isDefault = ([key, inner]: [string, unknown]) =>
    (/^dropped/.test(key) && inner === 0) ||
    (['events', 'links', 'attributes'].includes(key) && (inner as unknown[]).length === 0) ||
    (key === 'status' && (inner as { code: number }).code === 0)
  return Object.fromEntries(entries.filter((entry) => !isDefault(entry)))
}

test('encodeRequest() says what the reference serialiser says when given any spans', () => {
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 5 }), (records) => {
      const spans = records.map(
        ({ context, ...rest }) => ({ ...rest, spanContext: () => context }) as unknown as ReadableSpan,
      )
      const ours = bytes(encodeRequest(spans.map(encodeSpan)))
      expect(bare(ours)).toEqual(bare(bytes(JsonTraceSerializer.serializeRequest(spans))))
    }),
  )
})

test('encodeRequest() keeps numbers JSON has no word for when an attribute holds one', () => {
  const [sample] = fc.sample(span, 1)
  const odd = {
    ...sample,
    attributes: { nan: Number.NaN, far: -Infinity, big: 2 ** 60 },
    spanContext: () => sample?.context,
  }
  const text = Buffer.from(encodeRequest([encodeSpan(odd as unknown as ReadableSpan)])).toString()
  expect(text).toContain('{"key":"nan","value":{"doubleValue":"NaN"}}')
  expect(text).toContain('{"key":"far","value":{"doubleValue":"-Infinity"}}')
  expect(text).toContain('{"key":"big","value":{"doubleValue":1152921504606847000}}')
})
