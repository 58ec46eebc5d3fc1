// What every server under test shares: the payload, the layers asked for, the log destination, OTel, and the talk with the runner.
// LAYERS: comma separated out of log, redact, metrics, metrics-default, trace, health. SAMPLE: 1 or 0.1. OTLP_URL: the sink.
import { createRequire } from 'node:module'
export const require = createRequire(import.meta.url)
const layers = new Set((process.env.LAYERS ?? '').split(',').filter(Boolean))
export const has = (l) => layers.has(l)
/** TUNED=1: the same peers, set up by someone who measured: one log line, two exact redact paths, a buffered log, OTLP as JSON, no span per hook or middleware */
export const tuned = process.env.TUNED === '1'

/** ~200 bytes of JSON */
export const user = (id) => ({
  id,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  active: true,
  roles: ['admin', 'editor'],
  createdAt: '2026-01-01T00:00:00.000Z',
  address: { city: 'London', zip: 'NW1 2DB' },
  plan: 'pro',
})

// ten paths, four with wildcards, as in logger.mjs
export const redact = !has('redact')
  ? undefined
  : tuned
    ? ['req.headers.authorization', 'req.headers.cookie']
    : [
        'req.headers.authorization',
        'req.headers.cookie',
        '*.password',
        '*.ssn',
        '*.*.token',
        'payment.card.number',
        'payment.card.cvv',
        'session.id',
        '*.apiKey',
        'user.email',
      ]
/** pino's own default is a synchronous write a line; LOG_DEST=/path/to/file to write for real */
export const logStream = () =>
  require('pino').destination({
    dest: process.env.LOG_DEST ?? '/dev/null',
    ...(tuned ? { sync: false, minLength: 4096 } : { sync: true }),
  })

/** NodeSDK as its readme has it: batch processor, OTLP over HTTP (protobuf); to be called before a framework is loaded */
export function startOtel(instrumentations) {
  if (!has('trace')) return
  process.env.OTEL_LOGS_EXPORTER = 'none'
  process.env.OTEL_METRICS_EXPORTER = 'none'
  const { NodeSDK } = require('@opentelemetry/sdk-node')
  const { OTLPTraceExporter } = require(
    tuned || process.env.OTLP === 'json'
      ? '@opentelemetry/exporter-trace-otlp-http'
      : '@opentelemetry/exporter-trace-otlp-proto',
  )
  const { ParentBasedSampler, TraceIdRatioBasedSampler, AlwaysOnSampler } = require('@opentelemetry/sdk-trace')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
  const rate = Number(process.env.SAMPLE ?? 1)
  new NodeSDK({
    serviceName: 'bench',
    traceExporter: new OTLPTraceExporter({ url: process.env.OTLP_URL }),
    sampler: new ParentBasedSampler({ root: rate === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(rate) }),
    instrumentations: [
      new HttpInstrumentation(),
      ...(has('log') ? [new PinoInstrumentation({ disableLogSending: true })] : []),
      ...instrumentations(),
    ],
  }).start()
  require('node:http') // so that it is patched even where only ESM code imports it
}

export function serve(port) {
  process.on('message', (m) => {
    if (m === 'snap') {
      const c = process.cpuUsage()
      process.send({ cpu: (c.user + c.system) / 1000, rss: process.memoryUsage.rss() / 1048576 })
    }
    if (m === 'exit') process.exit(0)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ port })
}
