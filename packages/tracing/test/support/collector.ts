import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A span as OTLP carries it in JSON. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  readonly flags: number
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

interface OtlpRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[]
}

/** What the collector does with the next request. */
export type Answer = 'accept' | 'hang' | number

/** An OTLP collector over HTTP that keeps spans and misbehaves as it is told. */
export interface Collector {
  readonly endpoint: string
  readonly spans: OtlpSpan[]
  readonly paths: string[]
  /** Answers to the next requests; accepted when none is left. */
  readonly script: Answer[]
  close(): Promise<void>
}

/** Starts a collector on a free port, or on `port` again. */
export async function startCollector(port = 0): Promise<Collector> {
  const spans: OtlpSpan[] = []
  const paths: string[] = []
  const script: Answer[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    paths.push(request.url ?? '')
    const body = await text(request)
    const next = script.shift() ?? 'accept'
    if (next === 'hang') return
    if (next === 'accept') {
      for (const { scopeSpans } of (JSON.parse(body) as OtlpRequest).resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans)
      }
    }
    response.writeHead(next === 'accept' ? 200 : next, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  onTestFinished(close)
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, paths, script, close }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
