// Databases: what observing a statement costs over pg itself. Run: pnpm --filter @ops/db --filter @ops/metrics --filter @ops/tracing build,
// then node db.mjs. The server is a child process that answers every statement with one row at once, so that what is
// measured is the client process.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { micro } from './lib/micro.mjs'

const require = createRequire(import.meta.url)
const discard = { export: (_, done) => done({ code: 0 }), shutdown: async () => {}, forceFlush: async () => {} }
const CONCURRENT = 16

/** One protocol message: its type, its length, its body. */
function message(type, ...parts) {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part))),
  )
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const READY = message('Z', [73])
const STARTED = Buffer.concat([message('R', [0, 0, 0, 0]), READY])
const ROW = [
  message('T', [0, 1], 'id', [0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]),
  message('D', [0, 1, 0, 0, 0, 1, 55]),
  message('C', 'SELECT 1'),
]
const ANSWER = Buffer.concat([message('1'), message('2'), ...ROW, READY])

/** Answers a start-up with "ready" and every Sync with one row. */
function serve() {
  // The client may end without a word; a server left behind would keep what it inherited, the bench lock too.
  process.once('disconnect', () => process.exit())
  const server = createServer((socket) => {
    let started = false
    let rest = Buffer.alloc(0)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const head = started ? 1 : 0
        if (rest.length < head + 4) return
        const size = head + rest.readInt32BE(head)
        if (rest.length < size) return
        const type = started ? String.fromCharCode(rest[0]) : 'start'
        rest = rest.subarray(size)
        started = true
        if (type === 'start') socket.write(STARTED)
        else if (type === 'S') socket.write(ANSWER)
      }
    })
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
}

async function startServer() {
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, DB_SERVER: '1', MICRO_CHILD: '' },
    execPath: 'taskset',
    execArgv: ['-c', '1', process.execPath],
  })
  const [port] = await once(child, 'message')
  process.once('exit', () => child.kill())
  return port
}

/** A pool of 16, and an operation that sends 16 statements at once. */
async function statements(prepare) {
  const port = await startServer()
  const { Pool } = (await prepare.before?.()) ?? require('pg')
  const pool = new Pool({ host: '127.0.0.1', port, user: 'bench', database: 'bench', ssl: false, max: CONCURRENT })
  const run = (await prepare.after?.(pool)) ?? ((work) => work())
  const text = "select id from orders where tenant = $1 and state in ('open', 'late') limit 20"
  const sixteen = () => Promise.all(Array.from({ length: CONCURRENT }, (_, i) => pool.query(text, [i])))
  return { op: () => run(sixteen), async: true, batch: CONCURRENT }
}

async function observe(pool, options) {
  const { observePool } = await import('../packages/db/dist/index.js')
  observePool(pool, { name: 'bench', ...options })
}

async function metered() {
  const { createMetrics } = await import('../packages/metrics/dist/index.js')
  const { dbMetrics } = await import('../packages/db/dist/index.js')
  return createMetrics(dbMetrics, { service: 'bench' })
}

/** Ours with metrics and everything recorded, 10 % and all errors kept. */
async function ops(pool) {
  const { startTracing } = await import('../packages/tracing/dist/index.js')
  const { createContext, runInContext } = await import('../packages/core/dist/index.js')
  startTracing({ service: 'bench', sample: { head: 0.1, errors: true }, export: { exporter: discard } })
  await observe(pool, { meter: await metered() })
  return (work) => runInContext(createContext(), work)
}

/** OpenTelemetry's instrumentation, its metrics and 10 % of traces. */
async function openTelemetry(ratio) {
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg')
  const { context, trace } = require('@opentelemetry/api')
  const t = require('@opentelemetry/sdk-trace')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { MeterProvider } = require('@opentelemetry/sdk-metrics')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new t.TracerProvider({
    sampler: new t.ParentBasedSampler({ root: new t.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new t.BatchSpanProcessor({ exporter: discard })],
  })
  trace.setGlobalTracerProvider(tracerProvider)
  registerInstrumentations({
    instrumentations: [new PgInstrumentation()],
    tracerProvider,
    meterProvider: new MeterProvider(),
  })
  return require('pg')
}

const inSpan = () => {
  const { trace } = require('@opentelemetry/api')
  const tracer = trace.getTracer('bench')
  return (work) =>
    tracer.startActiveSpan('unit', async (span) => {
      await work()
      span.end()
    })
}

if (process.env.DB_SERVER) serve()
else {
  await micro({
    name: 'db',
    url: import.meta.url,
    versions: ['pg', '@opentelemetry/instrumentation-pg', '@opentelemetry/sdk-trace'],
    groups: [
      {
        title: 'a statement over pool.query, 16 at once',
        unit: 'us',
        contenders: [
          { name: 'pg', setup: () => statements({}) },
          { name: 'ours, nothing listening', setup: () => statements({ after: (pool) => observe(pool, {}) }) },
          {
            name: 'ours, metrics',
            setup: () => statements({ after: async (pool) => observe(pool, { meter: await metered() }) }),
          },
          { name: 'ours, metrics + spans (10 % + all errors)', setup: () => statements({ after: ops }) },
          {
            name: 'OpenTelemetry instrumentation-pg, 10 %',
            setup: () => statements({ before: () => openTelemetry(0.1), after: inSpan }),
          },
          {
            name: 'OpenTelemetry instrumentation-pg, 100 %',
            setup: () => statements({ before: () => openTelemetry(1), after: inSpan }),
          },
        ],
      },
    ],
  })
}
