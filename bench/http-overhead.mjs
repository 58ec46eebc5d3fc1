// Scenario 1: what each layer costs a request. Run: node http-overhead.mjs fastify|express|nest [contender substring]
// Every server lives in a process of its own on core 0; wrk and the OTLP sink are on core 1; servers take turns of a second.
// All servers are started anew BATCHES times: one process may by luck of the JIT be half as fast again as its twin.
import { execFile, fork } from 'node:child_process'
import { promisify } from 'node:util'
import { report } from './lib/report.mjs'
import { startSink } from './lib/sink.mjs'
import { fmt, fmtRatio, median, ratio, table } from './lib/stats.mjs'

const sh = promisify(execFile)
const SECONDS = Number(process.env.SECONDS ?? 1),
  ROUNDS = Number(process.env.ROUNDS ?? 4),
  BATCHES = Number(process.env.BATCHES ?? 3),
  CONNS = process.env.CONNS ?? '32'
const framework = process.argv[2] ?? 'fastify',
  only = process.argv[3]

const stack = (f) => [
  { name: 'bare', file: `servers/${f}.mjs`, layers: '' },
  { name: 'log', file: `servers/${f}.mjs`, layers: 'log' },
  { name: 'log + redact (10 paths)', file: `servers/${f}.mjs`, layers: 'log,redact' },
  { name: 'metrics', file: `servers/${f}.mjs`, layers: 'metrics' },
  { name: 'trace, 100% sampled', file: `servers/${f}.mjs`, layers: 'trace' },
  { name: 'trace, 10% sampled', file: `servers/${f}.mjs`, layers: 'trace', env: { SAMPLE: '0.1' } },
  { name: 'health', file: `servers/${f}.mjs`, layers: 'health' },
  { name: 'full, 100% sampled', file: `servers/${f}.mjs`, layers: 'log,redact,metrics,trace,health' },
  {
    name: 'full, 10% sampled',
    file: `servers/${f}.mjs`,
    layers: 'log,redact,metrics,trace,health',
    env: { SAMPLE: '0.1' },
  },
  {
    name: 'trace, 100% sampled, no hook/middleware spans',
    file: `servers/${f}.mjs`,
    layers: 'trace',
    env: { LEAN: '1' },
  },
  {
    name: 'full, 100%, tuned by hand',
    file: `servers/${f}.mjs`,
    layers: 'log,redact,metrics,trace,health',
    env: { TUNED: '1' },
  },
  {
    name: 'full, 10%, tuned by hand',
    file: `servers/${f}.mjs`,
    layers: 'log,redact,metrics,trace,health',
    env: { TUNED: '1', SAMPLE: '0.1' },
  },
  // ours: { name: '@ops full, 100% sampled', file: `servers/${f}-ops.mjs`, layers: 'log,redact,metrics,trace,health' }
]
/** asked for by `... pair`: do layers cost more together than apart? */
const pairs = (f) =>
  [
    ['log', 'redact', 'metrics'],
    ['log', 'trace'],
    ['log', 'redact', 'trace'],
    ['metrics', 'trace'],
    ['log', 'redact', 'metrics', 'trace'],
    ['trace', 'health'],
    ['log', 'redact', 'metrics', 'trace', 'health'],
  ]
    .map((l) => ({ name: `pair: ${l.join(' + ')}`, file: `servers/${f}.mjs`, layers: l.join(',') }))
    .concat([{ name: 'pair: trace alone', file: `servers/${f}.mjs`, layers: 'trace' }])
const contenders = {
  fastify: [
    ...stack('fastify'),
    { name: 'floor: full by hand, 100%', file: 'servers/fastify-floor.mjs', layers: 'log,metrics,trace' },
    {
      name: 'floor: full by hand, 10%',
      file: 'servers/fastify-floor.mjs',
      layers: 'log,metrics,trace',
      env: { SAMPLE: '0.1' },
    },
    ...(only
      ? [
          { name: 'log, one line a request', file: 'servers/fastify.mjs', layers: 'log', env: { ONE_LINE: '1' } },
          { name: 'metrics with summary (plugin default)', file: 'servers/fastify.mjs', layers: 'metrics-default' },
          {
            name: 'metrics on @platformatic/prom-client',
            file: 'servers/fastify.mjs',
            layers: 'metrics',
            env: { PROM: 'platformatic-prom-client' },
          },
        ]
      : []),
  ],
  express: stack('express'),
  nest: stack('nest'),
}[framework]
  .concat(only === 'pair' ? pairs(framework) : [])
  .filter((c) => !only || c.name === 'bare' || c.name.includes(only))

const PORT = 4392
const sink = await startSink(PORT)
const ask = (k, m) =>
  new Promise((ok) => {
    k.once('message', ok)
    k.send(m)
  })
const wrk = async (port, seconds) => {
  const { stdout } = await sh('taskset', [
    '-c',
    '1',
    'wrk',
    '-t1',
    `-c${CONNS}`,
    `-d${seconds}s`,
    '--latency',
    '-H',
    'authorization: Bearer abcdef0123456789',
    '-H',
    'cookie: sid=0123456789',
    '-H',
    'user-agent: bench/1',
    `http://127.0.0.1:${port}/api/users/12345`,
  ])
  if (/Non-2xx/.test(stdout)) throw new Error(stdout)
  const ms = (s) => {
    const [, v, u] =
      s.match(/([\d.]+)(us|ms|s)/) ??
      (() => {
        throw new Error(`no latency in: ${stdout}`)
      })()
    return v * { us: 0.001, ms: 1, s: 1000 }[u]
  }
  return {
    requests: Number(stdout.match(/(\d+) requests in/)[1]),
    rps: Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]),
    p50: ms(stdout.match(/\n\s+50%\s+(\S+)/)[1]),
    p99: ms(stdout.match(/\n\s+99%\s+(\S+)/)[1]),
  }
}

const live = contenders.map((c, i) => ({ c, i, rps: [], cpu: [], p99: [], p50: [], n: 0, batchCpu: [] }))
for (let batch = 0; batch < BATCHES; batch++) {
  for (const s of live) {
    s.k = fork(s.c.file, [], {
      execPath: 'taskset',
      execArgv: ['-c', '0', process.execPath],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        LAYERS: s.c.layers,
        OTLP_URL: `http://127.0.0.1:${PORT}/c${s.i}`,
        ...s.c.env,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const first = await new Promise((ok) => {
      s.k.once('message', ok)
      s.k.once('exit', (code) => ok({ error: `exited ${code}` }))
    })
    if (first.error) throw new Error(`${s.c.name}: ${first.error}`)
    s.port = first.port
    s.bytes = (await (await fetch(`http://127.0.0.1:${s.port}/api/users/12345`)).text()).length
    s.n += 1 + (await wrk(s.port, 1)).requests // warm
  }
  for (let r = 0; r < ROUNDS; r++) {
    for (let j = 0; j < live.length; j++) {
      const s = live[(j + r + batch) % live.length]
      const a = await ask(s.k, 'snap')
      const m = await wrk(s.port, SECONDS)
      const b = await ask(s.k, 'snap')
      s.rps.push(m.rps)
      s.p99.push(m.p99)
      s.p50.push(m.p50)
      s.cpu.push(((b.cpu - a.cpu) * 1000) / m.requests)
      s.n += m.requests
      s.rss = b.rss
    }
  }
  await new Promise((ok) => setTimeout(ok, 5500)) // the batch processors' last batch
  for (const s of live) {
    s.batchCpu.push(median(s.cpu.slice(-ROUNDS)))
    s.k.send('exit')
    await new Promise((ok) => s.k.once('exit', ok))
  }
}
const got = await sink.stats()
const base = live[0]
const rows = [],
  data = {}
for (const s of live) {
  const rps = ratio(s.rps, base.rps),
    cpu = ratio(s.cpu, base.cpu),
    p99 = ratio(s.p99, base.p99)
  const extra = s.cpu.map((x, i) => x - base.cpu[i])
  const spans = got[`/c${s.i}`]?.spans
  rows.push({
    contender: s.c.name,
    'throughput retained': fmtRatio(rps),
    'cpu/request, x bare': fmtRatio(cpu),
    'cpu/request, best decile': cpu.best,
    'cpu us/request': median(s.cpu),
    'us over bare': median(extra),
    'x bare by process': s.batchCpu.map((x, i) => fmt(x / base.batchCpu[i])).join(' '),
    'p99, x bare': fmtRatio(p99),
    'p50 ms': median(s.p50),
    'p99 ms': median(s.p99),
    rps: median(s.rps),
    'rss MB': Math.round(s.rss),
    'spans delivered/request': spans === undefined ? '' : fmt(spans / s.n),
  })
  data[s.c.name] = {
    ratio: cpu.ratio,
    swing: cpu.swing,
    best: cpu.best,
    rpsRatio: rps.ratio,
    p99Ratio: p99.ratio,
    cpuUs: median(s.cpu),
    extraUs: median(extra),
    rps: median(s.rps),
    p99: median(s.p99),
    rss: s.rss,
    spans: spans === undefined ? undefined : spans / s.n,
    raw: { rps: s.rps, cpu: s.cpu, p99: s.p99 },
  }
}
sink.stop()
const versions = {
  fastify: ['fastify', 'fastify-metrics', '@prometheus-io/client', '@fastify/otel', '@fastify/under-pressure'],
  express: [
    'express',
    'pino-http',
    'express-prom-bundle',
    'prom-client',
    '@opentelemetry/instrumentation-express',
    '@godaddy/terminus',
  ],
  nest: [
    '@nestjs/core',
    '@nestjs/platform-fastify',
    'nestjs-pino',
    '@willsoto/nestjs-prometheus',
    'prom-client',
    '@nestjs/terminus',
    '@opentelemetry/instrumentation-nestjs-core',
  ],
}[framework]
report(`http-${framework}${only ? `-${only.replace(/\W+/g, '_')}` : ''}`, {
  markdown: `${BATCHES} processes each, ${ROUNDS} rounds of ${SECONDS} s, wrk -t1 -c${CONNS}, response ${base.bytes} bytes\n\n${table(rows)}`,
  data,
  versions: ['pino', '@opentelemetry/sdk-node', '@opentelemetry/instrumentation-http', ...versions],
})
process.exit(0)
