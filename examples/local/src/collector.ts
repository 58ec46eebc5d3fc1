/** A small OTLP collector: receives spans as JSON over HTTP and keeps them in memory, so that traces can be shown. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A span as it arrived. */
export interface CollectedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly startMs: number
  readonly durationMs: number
  readonly error: boolean
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly CollectedEvent[]
  /** Trace ids this span links to. */
  readonly links: readonly string[]
}

/** Something that happened within a span. */
export interface CollectedEvent {
  readonly name: string
  readonly atMs: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A running collector. */
export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string
  readonly spans: CollectedSpan[]
  stop(): Promise<void>
}

/** Starts it on a free loopback port, or on `port`. */
export async function startCollector(port = 0): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const server = createServer(async (request, response) => {
    const status = await receive(request, spans).then(
      () => 200,
      () => 400,
    )
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function receive(request: IncomingMessage, spans: CollectedSpan[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const raw = Buffer.concat(chunks)
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
  const { resourceSpans = [] } = JSON.parse(body.toString()) as { resourceSpans?: OtlpResource[] }
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = String(plain(resource.attributes)['service.name'])
    for (const scope of scopeSpans) for (const span of scope.spans) spans.push(toSpan(service, span))
  }
}

interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[]
interface OtlpEvent {
  readonly name: string
  readonly timeUnixNano: string
  readonly attributes?: OtlpAttributes
}
interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code?: number }
  readonly attributes?: OtlpAttributes
  readonly events?: readonly OtlpEvent[]
  readonly links?: readonly { readonly traceId: string }[]
}
interface OtlpResource {
  readonly resource: { readonly attributes: OtlpAttributes }
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
}

function toSpan(service: string, span: OtlpSpan): CollectedSpan {
  const startMs = toMs(span.startTimeUnixNano)
  return {
    service,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    name: span.name,
    startMs,
    durationMs: toMs(span.endTimeUnixNano) - startMs,
    error: span.status?.code === 2,
    attributes: plain(span.attributes),
    events: span.events?.map(toEvent) ?? [],
    links: span.links?.map((link) => link.traceId) ?? [],
  }
}

function toEvent({ name, timeUnixNano, attributes }: OtlpEvent): CollectedEvent {
  return { name, atMs: toMs(timeUnixNano), attributes: plain(attributes) }
}

function toMs(unixNano: string): number {
  return Number(BigInt(unixNano) / 1000n) / 1000
}

function plain(attributes: OtlpAttributes = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
