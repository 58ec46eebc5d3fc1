// What tracing adds to a request on node:http, 1 % of which fail. Run: node tracing-http.mjs
// Servers take turns of a second on core 0; wrk and the OTLP sink are on core 1; all start anew BATCHES times.
import { execFile, fork } from 'node:child_process'
import { promisify } from 'node:util'
import { report } from './lib/report.mjs'
import { startSink } from './lib/sink.mjs'
import { fmt, fmtRatio, median, ratio, table } from './lib/stats.mjs'

const run = promisify(execFile)
const ROUNDS = Number(process.env.ROUNDS ?? 4)
const BATCHES = Number(process.env.BATCHES ?? 3)
const PORT = 4393
const contenders = [
  { name: 'bare', mode: 'none' },
  { name: 'OTel HTTP instrumentation, 10 %, OTLP JSON', mode: 'otel' },
  { name: '@ops/tracing, 10 % and all errors, OTLP JSON', mode: 'ops' },
  { name: '@ops/core context alone, no tracing', mode: 'context' },
]

const sink = await startSink(PORT)
const load = async (port) => {
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    'wrk',
    '-t1',
    '-c32',
    '-d1s',
    `http://127.0.0.1:${port}/api/users/12345`,
  ])
  return Number(stdout.match(/(\d+) requests in/)[1])
}
const ask = (child, message) =>
  new Promise((resolve) => {
    child.once('message', resolve)
    child.send(message)
  })

const live = contenders.map((contender, i) => ({ ...contender, i, cpu: [], requests: 0 }))
for (let batch = 0; batch < BATCHES; batch++) {
  for (const server of live) {
    server.child = fork('servers/tracing-http.mjs', [], {
      execPath: 'taskset',
      execArgv: ['-c', '0', process.execPath],
      env: { ...process.env, TRACE: server.mode, OTLP_URL: `http://127.0.0.1:${PORT}/c${server.i}/v1/traces` },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    server.port = (await new Promise((resolve) => server.child.once('message', resolve))).port
    server.requests += await load(server.port)
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (let j = 0; j < live.length; j++) {
      const server = live[(j + round + batch) % live.length]
      const before = await ask(server.child, 'snap')
      const requests = await load(server.port)
      const after = await ask(server.child, 'snap')
      server.cpu.push(((after.cpu - before.cpu) * 1000) / requests)
      server.requests += requests
      server.rss = after.rss
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 5500)) // the batch processor's last batch
  for (const { child } of live) {
    child.send('exit')
    await new Promise((resolve) => child.once('exit', resolve))
  }
}
const got = await sink.stats()
const [bare, otel] = live
const over = (server) => server.cpu.map((us, i) => us - bare.cpu[i])
const rows = live.map((server) => ({
  contender: server.name,
  'cpu us/request': median(server.cpu),
  'x bare': fmtRatio(ratio(server.cpu, bare.cpu)),
  'us over bare': median(over(server)),
  'over bare, x OTel': server === bare ? '' : fmtRatio(ratio(over(server), over(otel))),
  'spans delivered/request': fmt((got[`/c${server.i}/v1/traces`]?.spans ?? 0) / server.requests),
  'rss MB': Math.round(server.rss),
}))
sink.stop()
report('tracing-http', {
  markdown: `${BATCHES} processes each, ${ROUNDS} rounds of 1 s\n\n${table(rows)}`,
  data: Object.fromEntries(live.map(({ name, cpu, requests }) => [name, { cpu, requests }])),
  versions: ['@opentelemetry/sdk-node', '@opentelemetry/instrumentation-http'],
})
process.exit(0)
