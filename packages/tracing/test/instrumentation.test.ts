import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { expect, onTestFinished, test } from 'vitest'
import { startTestTracing } from './support/start.ts'

/** What OpenTelemetry's HTTP instrumentation does, in the calls it makes to the API. */
function serve(tracer: Tracer, handler: () => Promise<string>): Promise<string> {
  const server = createServer((request, response) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers)
    const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes: { 'url.path': request.url } }, parent)
    context.with(trace.setSpan(parent, span), () => {
      context.bind(context.active(), response)
      response.on('close', () => span.end())
      handler().then((text) => response.end(text))
    })
  })
  onTestFinished(() => void server.close())
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`)),
  )
}

function call(tracer: Tracer, url: string): Promise<string> {
  return tracer.startActiveSpan('GET', { kind: SpanKind.CLIENT }, async (span: Span) => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    const text = await new Promise<string>((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => {
        let body = ''
        response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body))
      }).on('error', reject)
    })
    span.end()
    return text
  })
}

test('third-party instrumentation makes one trace across two services when it goes through the API', async () => {
  const early = trace.getTracer('@opentelemetry/instrumentation-http')
  const t = startTestTracing({ sample: { head: 1 } })
  const url = await serve(early, async () => {
    await Promise.resolve()
    trace.getTracer('pg').startSpan('SELECT', { kind: SpanKind.CLIENT }).end()
    return 'ok'
  })
  const work = createContext()

  const answer = await runInContext(work, () => call(early, url))
  await expect.poll(() => t.tracing.status().segments).toBe(0)
  await t.tracing.flush()

  expect(answer).toBe('ok')
  expect(new Set(t.exporter.spans.map((span) => span.spanContext().traceId))).toEqual(new Set([work.traceId]))
  const [server, client] = [SpanKind.SERVER, SpanKind.CLIENT].map((kind) =>
    t.exporter.spans.find((span) => span.kind === kind && span.name === 'GET'),
  )
  expect(server?.parentSpanContext?.spanId).toBe(client?.spanContext().spanId)
  expect(t.exporter.named('SELECT').parentSpanContext?.spanId).toBe(server?.spanContext().spanId)
})

test('startActiveSpan() runs the function in the unit of work with the ids of the span', () => {
  const t = startTestTracing()
  const work = createContext({ tenant: 'acme' })

  runInContext(work, () =>
    t.tracing.tracer('t').startActiveSpan('outer', {}, work, () =>
      t.tracing.tracer('t').startActiveSpan('inner', (inner) => {
        expect(currentContext()).toMatchObject({ tenant: 'acme', spanId: inner.spanContext().spanId })
      }),
    ),
  )
})
