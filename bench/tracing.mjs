// Tracing: what a span costs, what the tail decision adds, what the way out costs. Run: node tracing.mjs [group substring]
import { AsyncLocalStorage } from 'node:async_hooks'
import { micro } from './lib/micro.mjs'
import { startSink } from './lib/sink.mjs'

const SINK_PORT = 4391
if (!process.env.MICRO_CHILD) await startSink(SINK_PORT)

const discard = { export: (_, done) => done({ code: 0 }), shutdown: async () => {}, forceFlush: async () => {} }
const PER_CONTEXT = 20

/** OpenTelemetry's SDK as it is usually set up: ratio under a parent, batch processor. */
async function sdk({ ratio, exporter = discard, processor }) {
  const { trace, context } = await import('@opentelemetry/api')
  const t = await import('@opentelemetry/sdk-trace')
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const batch = new t.BatchSpanProcessor({
    exporter,
    maxQueueSize: 10_000,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1000,
  })
  const provider = new t.TracerProvider({
    sampler: new t.ParentBasedSampler({ root: new t.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: processor === 'none' ? [] : [batch],
  })
  trace.setGlobalTracerProvider(provider)
  return {
    trace,
    context,
    tracer: trace.getTracer('bench'),
    unit: () => context.active(),
    flush: () => batch.forceFlush(),
  }
}

/** Ours: everything recorded, 10 % and all errors kept. */
async function ops({ head, errors = true, ...options }) {
  const { trace, context } = await import('@opentelemetry/api')
  const { startTracing } = await import('../packages/tracing/dist/index.js')
  const { createContext } = await import('../packages/core/dist/index.js')
  const tracing = startTracing({
    service: 'bench',
    sample: { head, errors },
    export: { exporter: discard, maxBatchSpans: 512, ...options },
  })
  return { trace, context, tracer: trace.getTracer('bench'), unit: () => createContext(), flush: () => tracing.flush() }
}

const ATTRIBUTES = (status) => ({
  'http.request.method': 'GET',
  'http.route': '/api/users/:id',
  'url.path': '/api/users/12345',
  'url.scheme': 'http',
  'server.address': 'localhost',
  'server.port': 8080,
  'client.address': '127.0.0.1',
  'user_agent.original': 'bench/1',
  'network.protocol.version': '1.1',
  'http.response.status_code': status,
})

/** One request's worth of spans: a server span with ten attributes, made active, and `children` under it; 1 % fail. */
const requests = (start, children) => async () => {
  const { trace, context, tracer, unit, flush } = await start()
  const one = (i) => {
    const outer = context.active()
    const server = tracer.startSpan('GET', { kind: 1 }, outer)
    const inner = trace.setSpan(outer, server)
    for (let k = 0; k < children; k++) {
      const child = tracer.startSpan('query', { kind: 2 }, inner)
      child.setAttribute('db.system.name', 'postgresql')
      child.setAttribute('db.operation.name', 'SELECT')
      child.setAttribute('db.response.rows', k)
      child.end()
    }
    const failed = i % 100 === 0
    server.updateName('GET /api/users/:id')
    server.setAttributes(ATTRIBUTES(failed ? 500 : 200))
    if (failed) server.setStatus({ code: 2 })
    server.end()
  }
  const batch = 200
  return {
    async: true,
    batch,
    op: async (i) => {
      for (let k = 0; k < batch; k++) context.with(unit(), one, undefined, i + k)
      await flush()
    },
  }
}

/** Child spans with three attributes under an active parent. */
const children = (start) => async () => {
  const { trace, context, tracer, unit } = await start()
  let last
  const body = (i) => {
    for (let k = 0; k < PER_CONTEXT; k++) {
      last = tracer.startSpan('op')
      last.setAttribute('a', i)
      last.setAttribute('b', 'text')
      last.setAttribute('c', true)
      last.end()
    }
    return last
  }
  return {
    batch: PER_CONTEXT,
    op: (i) => {
      const outer = unit()
      const parent = tracer.startSpan('request', {}, outer)
      context.with(trace.setSpan(outer, parent), body, undefined, i)
      parent.end()
      return last
    },
  }
}

/** 511 spans and a flush through the exporter: a span all the way out. */
const flushed = (start) => async () => {
  const { trace, context, tracer, unit, flush } = await start()
  return {
    async: true,
    batch: 511,
    op: async (i) => {
      const outer = unit()
      const parent = tracer.startSpan('request', {}, outer)
      context.with(trace.setSpan(outer, parent), () => {
        for (let k = 0; k < 510; k++) {
          const span = tracer.startSpan('op')
          span.setAttribute('a', i)
          span.setAttribute('b', 'text')
          span.setAttribute('c', true)
          span.end()
        }
      })
      parent.end()
      await flush()
    },
  }
}

const otlp = async () => {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  return new OTLPTraceExporter({ url: `http://127.0.0.1:${SINK_PORT}/v1/traces` })
}

/** What a span must at least record: a name, two clock reads, an id, three attributes, a parent. */
const floor = () => {
  const storage = new AsyncLocalStorage()
  const pool = new Uint32Array(4096)
  let next = pool.length
  const random = () => {
    if (next === pool.length) {
      crypto.getRandomValues(pool)
      next = 0
    }
    return pool[next++]
  }
  let last
  const body = (i) => {
    for (let k = 0; k < PER_CONTEXT; k++) {
      last = { name: 'op', parent: storage.getStore(), hi: random(), lo: random(), from: performance.now(), to: 0 }
      last.attributes = { a: i, b: 'text', c: true }
      last.to = performance.now()
    }
    return last
  }
  return { batch: PER_CONTEXT, op: (i) => storage.run({}, body, i) }
}

await micro({
  name: 'tracing',
  url: import.meta.url,
  versions: ['@opentelemetry/api', '@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-http'],
  groups: [
    {
      title: 'a request: server span with 10 attributes, made active (1 % fail)',
      contenders: [
        { name: 'SDK, head 10 % (errors outside it are lost)', setup: requests(() => sdk({ ratio: 0.1 }), 0) },
        { name: 'SDK, 100 %', setup: requests(() => sdk({ ratio: 1 }), 0) },
        { name: '@ops/tracing, 10 % and all errors', setup: requests(() => ops({ head: 0.1 }), 0) },
        { name: '@ops/tracing, 100 %', setup: requests(() => ops({ head: 1 }), 0) },
      ],
    },
    {
      title: 'a request with 5 child spans (1 % fail): tail decision against head only',
      contenders: [
        { name: 'SDK, head 10 % (errors outside it are lost)', setup: requests(() => sdk({ ratio: 0.1 }), 5) },
        { name: 'SDK, 100 % (what keeps every error without a tail)', setup: requests(() => sdk({ ratio: 1 }), 5) },
        { name: '@ops/tracing, head 10 % only', setup: requests(() => ops({ head: 0.1, errors: false }), 5) },
        { name: '@ops/tracing, 10 % and all errors', setup: requests(() => ops({ head: 0.1 }), 5) },
      ],
    },
    {
      title: 'a span: start, 3 attributes, end, under an active parent',
      contenders: [
        { name: 'SDK, sampled, no processor', setup: children(() => sdk({ ratio: 1, processor: 'none' })) },
        { name: 'SDK, not sampled', setup: children(() => sdk({ ratio: 0, processor: 'none' })) },
        { name: '@ops/tracing, not sampled (recorded)', setup: children(() => ops({ head: 0 })) },
        { name: 'floor: plain object, pooled random ids, 2 clock reads', setup: floor },
      ],
    },
    {
      title: 'a span all the way out (511 spans, then flush)',
      contenders: [
        { name: 'SDK + batch + OTLP JSON', setup: flushed(async () => sdk({ ratio: 1, exporter: await otlp() })) },
        { name: 'SDK + batch, exporter that discards', setup: flushed(() => sdk({ ratio: 1 })) },
        { name: '@ops/tracing + OTLP JSON', setup: flushed(async () => ops({ head: 1, exporter: await otlp() })) },
        { name: '@ops/tracing, exporter that discards', setup: flushed(() => ops({ head: 1 })) },
      ],
    },
  ],
})
if (!process.env.MICRO_CHILD) process.exit(0)
