// What each layer costs a request. Run: node http-overhead.mjs fastify|express|nest [contender substring]
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

const FULL = 'log,metrics,trace,health'
const TENTH = { SAMPLE: '0.1' }
const BATCHED = { LOG_MODE: 'batch' }

/** Ours by layer and all on (10 % and all errors traced), beside the usual stack as installed and as tuned by hand. */
const stack = (f) => {
  const peers = `servers/${f}.mjs`
  const ours = `servers/${f}-ops.mjs`
  return [
    { name: 'bare', file: peers, layers: '' },
    { name: '@ops request path alone', file: ours, layers: '' },
    { name: '@ops log', file: ours, layers: 'log', env: BATCHED },
    { name: '@ops metrics', file: ours, layers: 'metrics' },
    { name: '@ops trace, 10%', file: ours, layers: 'trace', env: TENTH },
    { name: '@ops all on, 10%, a write a line', file: ours, layers: FULL, env: TENTH },
    { name: '@ops all on, 10%, lines in batches', file: ours, layers: FULL, env: { ...TENTH, ...BATCHED } },
    { name: 'usual stack as installed, 10%', file: peers, layers: `${FULL},redact`, env: TENTH },
    { name: 'usual stack tuned by hand, 10%', file: peers, layers: `${FULL},redact`, env: { ...TENTH, TUNED: '1' } },
  ]
}
const floor = { name: 'floor: 60 lines by hand, 10%', file: 'servers/fastify-floor.mjs', layers: FULL, env: TENTH }
const all = {
  fastify: () => [...stack('fastify'), floor],
  express: () => stack('express'),
  nest: () => stack('nest'),
}
if (all[framework] === undefined)
  throw new Error(`Cannot measure ${framework}: expected one of ${Object.keys(all).join(', ')}`)
const contenders = all[framework]().filter((c) => !only || c.name === 'bare' || c.name.includes(only))

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
  // ours adds /v1/traces to the endpoint, as OTEL_EXPORTER_OTLP_ENDPOINT asks
  const spans = (got[`/c${s.i}`] ?? got[`/c${s.i}/v1/traces`])?.spans
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
