// Scenario: loggers, ours beside the peers in one run. Run: pnpm --filter @ops/logger build, then node logger.mjs [group substring]
import { createRequire } from 'node:module'
import { micro } from './lib/micro.mjs'

const require = createRequire(import.meta.url)

let last = ''
const noop = {
  write(line) {
    last = line
  },
}
const info = () => ({ 'line bytes': last.length, total: undefined })

// What the lines carry.
const message = 'request completed'
const small = (i) => ({
  method: 'GET',
  route: '/api/users/:id',
  status: 200,
  duration_ms: (i & 255) + 0.25,
  user_agent: 'curl/8.5.0',
})
const medium = (i) => ({
  order_id: i,
  route: '/api/orders/:id',
  status: 201,
  duration_ms: 12.345,
  req: {
    method: 'POST',
    url: '/api/orders/42',
    headers: { host: 'localhost', 'user-agent': 'curl/8', accept: 'application/json' },
  },
  customer: { id: 42, plan: 'pro', region: 'eu-west-1', since: '2024-03-01', tags: ['new', 'beta'] },
  payment: { amount: 1999, currency: 'EUR', method: 'invoice', attempts: 1 },
  items: [
    { sku: 'A-1', quantity: 2, price: 500 },
    { sku: 'B-7', quantity: 1, price: 999 },
  ],
})
const personal = (i) => ({
  order_id: i,
  route: '/api/users/:id',
  status: 200,
  duration_ms: 12.345,
  req: {
    method: 'GET',
    url: '/api/users/42',
    headers: {
      host: 'localhost',
      'user-agent': 'curl/8',
      authorization: 'Bearer abcdef0123456789',
      cookie: 'sid=0123456789',
    },
  },
  user: {
    id: 42,
    name: 'Ada',
    email: 'ada@example.com',
    password: 'hunter2',
    ssn: '123-45-6789',
    profile: { plan: 'pro', token: 'tok_0123456789' },
  },
  payment: { amount: 1999, currency: 'EUR', card: { number: '4111111111111111', cvv: '123', brand: 'visa' } },
})
const failure = new Error('connection refused by db-1.internal')
failure.code = 'ECONNREFUSED'

const exactPaths = [
  'req.headers.authorization',
  'req.headers.cookie',
  'user.password',
  'user.ssn',
  'user.profile.token',
  'payment.card.number',
  'payment.card.cvv',
  'session.id',
  'apiKey',
  'user.email',
]
const wildKeys = ['password', 'token', 'secret', 'ssn', 'cvv', 'apiKey', 'authorization', 'cookie']
const paths24 = wildKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])
const deepKeys = ['authorization', 'cookie', 'password', 'ssn', 'token', 'number', 'cvv', 'secret', 'apiKey', 'email']
const paths40 = deepKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`])

// The loggers.
const base = { service: 'bench', version: '1.0.0', env: 'production' }
const pino = async (options = {}) => (await import('pino')).default({ base, ...options }, noop)
const ours = async (options = {}) => {
  const { createLogger } = await import('../packages/logger/dist/index.js')
  return createLogger({ ...base, destination: noop, ...options })
}
const secrets = async () => {
  const { createSecretRegistry } = await import('../packages/core/dist/index.js')
  const registry = createSecretRegistry()
  for (let i = 0; i < 30; i++) registry.add(`s3cr3t-${(i * 7919).toString(36)}-${'abcdefghij'.repeat(2).slice(i % 10)}`)
  return registry
}
const winston = async () => {
  const w = require('winston')
  const { Writable } = require('node:stream')
  const stream = new Writable({
    write(chunk, _encoding, done) {
      noop.write(String(chunk))
      done()
    },
  })
  return w.createLogger({
    level: 'info',
    defaultMeta: base,
    format: w.format.combine(w.format.errors({ stack: true }), w.format.timestamp(), w.format.json()),
    transports: [new w.transports.Stream({ stream })],
  })
}
const logtape = async () => {
  const lt = await import('@logtape/logtape')
  const format = lt.getJsonLinesFormatter()
  await lt.configure({
    sinks: { s: (record) => noop.write(format(record)) },
    loggers: [
      { category: 'app', sinks: ['s'], lowestLevel: 'info' },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  })
  return lt.getLogger('app')
}

/** Runs 20 lines inside an active span, so that entering it hardly counts. */
const inSpan = (make, line) => async () => {
  const { trace, context } = await import('@opentelemetry/api')
  const { TracerProvider } = await import('@opentelemetry/sdk-trace')
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new TracerProvider())
  const log = await make(() => {
    const span = trace.getSpan(context.active())?.spanContext()
    return span === undefined
      ? {}
      : { trace_id: span.traceId, span_id: span.spanId, trace_flags: `0${span.traceFlags}` }
  })
  const active = trace.setSpan(context.active(), trace.getTracer('t').startSpan('s'))
  const twenty = (n) => {
    for (let k = 0; k < 20; k++) line(log, n + k)
  }
  return { batch: 20, op: (i) => context.with(active, twenty, undefined, i), info }
}
const inUnit = (line) => async () => {
  const { createContext, runInContext } = await import('../packages/core/dist/index.js')
  const log = await ours()
  const unit = createContext({ tenant: 'acme', userId: 'u-42' })
  const twenty = (n) => {
    for (let k = 0; k < 20; k++) line(log, n + k)
  }
  return { batch: 20, op: (i) => runInContext(unit, () => twenty(i)), info }
}
const with_ = (make, line) => async () => {
  const log = await make()
  return { op: (i) => line(log, i), info }
}

/** All contenders of one kind of record. */
const contenders = (fields) => {
  const line = (log, i) => log.info(fields(i), message)
  return [
    { name: 'pino', setup: with_(pino, line) },
    { name: '@ops/logger', setup: with_(ours, line) },
    { name: '@ops/logger, 30 secrets', setup: with_(async () => ours({ secrets: await secrets() }), line) },
    { name: '@ops/logger in a unit of work', setup: inUnit(line) },
    { name: 'pino, OTel mixin in a span', setup: inSpan((mixin) => pino({ mixin }), line) },
    { name: 'pino, 10 redact paths', setup: with_(() => pino({ redact: exactPaths }), line) },
    { name: 'pino, 24 redact paths', setup: with_(() => pino({ redact: paths24 }), line) },
    { name: 'pino, 40 redact paths', setup: with_(() => pino({ redact: paths40 }), line) },
    { name: 'winston', setup: with_(winston, (log, i) => log.info(message, fields(i))) },
    { name: 'logtape', setup: with_(logtape, (log, i) => log.info(message, fields(i))) },
  ]
}
const simple = (line, other = line) => [
  { name: 'pino', setup: with_(pino, line) },
  { name: '@ops/logger', setup: with_(ours, line) },
  { name: 'pino, 10 redact paths', setup: with_(() => pino({ redact: exactPaths }), line) },
  { name: 'winston', setup: with_(winston, other) },
  { name: 'logtape', setup: with_(logtape, other) },
]
const kept = medium(1)

await micro({
  name: 'logger',
  url: import.meta.url,
  versions: ['pino', '@pinojs/redact', 'winston', '@logtape/logtape'],
  groups: [
    { title: 'message only', contenders: simple((log) => log.info(message)) },
    { title: 'small + 5 context fields', contenders: contenders(small) },
    { title: 'medium clean', contenders: contenders(medium) },
    { title: 'medium with personal data and secrets', contenders: contenders(personal) },
    {
      title: 'error',
      contenders: simple(
        (log) => log.error(failure, 'payment failed'),
        (log) => log.error('payment failed', { error: failure }),
      ),
    },
    {
      title: 'disabled level',
      contenders: simple(
        (log) => log.debug(kept, 'x'),
        (log) => log.debug('x', kept),
      ),
    },
    {
      title: 'child per request + one small line',
      contenders: [
        ...simple((log, i) => log.child({ request: `req-${i & 1023}`, shop: 'acme' }).info('done')).slice(0, 4),
        {
          name: 'logtape with()',
          setup: with_(logtape, (log, i) => log.with({ request: `req-${i & 1023}`, shop: 'acme' }).info('done')),
        },
      ],
    },
  ],
})
