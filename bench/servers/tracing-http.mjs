// A node:http server whose every 100th request fails. TRACE: none, otel (HTTP instrumentation, 10 %), ops (10 % and all errors), context.
import { serve } from './common.mjs'

const mode = process.env.TRACE ?? 'none'
const payload = JSON.stringify({ id: 12345, name: 'Ada Lovelace', active: true, roles: ['admin', 'editor'] })
let count = 0

function handle(_, response) {
  response.statusCode = ++count % 100 === 0 ? 500 : 200
  response.setHeader('content-type', 'application/json')
  response.end(payload)
}

async function startOtel() {
  const { createRequire } = await import('node:module')
  const require = createRequire(import.meta.url)
  process.env.OTEL_LOGS_EXPORTER = 'none'
  process.env.OTEL_METRICS_EXPORTER = 'none'
  const { NodeSDK } = require('@opentelemetry/sdk-node')
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http')
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = require('@opentelemetry/sdk-trace')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  new NodeSDK({
    serviceName: 'bench',
    traceExporter: new OTLPTraceExporter({ url: process.env.OTLP_URL }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
    instrumentations: [new HttpInstrumentation()],
  }).start()
  return require('node:http').createServer(handle)
}

async function startOps() {
  const { createServer } = await import('node:http')
  const { createContext, runInContext, tryParseTraceparent } = await import('../../packages/core/dist/index.js')
  const { trace } = await import('@opentelemetry/api')
  if (mode === 'ops') {
    const { startTracing } = await import('../../packages/tracing/dist/index.js')
    startTracing({ service: 'bench', sample: { head: 0.1 }, export: { otlp: process.env.OTLP_URL } })
  }
  const tracer = trace.getTracer('bench')
  return createServer((request, response) => {
    const unit = createContext({ parent: tryParseTraceparent(request.headers.traceparent) })
    const span = tracer.startSpan(request.method, { kind: 1 }, unit)
    const context = trace.setSpan(unit, span)
    response.on('close', () => {
      if (span.isRecording()) {
        span.updateName('GET /api/users/:id')
        span.setAttributes({
          'http.request.method': request.method,
          'http.route': '/api/users/:id',
          'url.path': request.url,
          'url.scheme': 'http',
          'server.address': request.headers.host,
          'client.address': request.socket.remoteAddress,
          'network.peer.port': request.socket.remotePort,
          'user_agent.original': request.headers['user-agent'],
          'network.protocol.version': request.httpVersion,
          'http.response.status_code': response.statusCode,
        })
        if (response.statusCode >= 500) span.setStatus({ code: 2 })
      }
      span.end()
    })
    runInContext(context, () => handle(request, response))
  })
}

const server =
  mode === 'none'
    ? (await import('node:http')).createServer(handle)
    : await (mode === 'otel' ? startOtel() : startOps())
server.listen(0, '127.0.0.1', () => serve(server.address().port))
