// Where a request's CPU time goes: a sampled profile of one server under wrk, self time summed by the package that caused it, as us per request.
// Run: node profile-http.mjs fastify|express|nest [layers]      (SAMPLE=0.1, TUNED=1 are passed on)
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { report } from './lib/report.mjs'
import { startSink } from './lib/sink.mjs'
import { table } from './lib/stats.mjs'

const [framework = 'fastify', layers = 'log,redact,metrics,trace,health'] = process.argv.slice(2)
await startSink(4393)
const dir = mkdtempSync(join(tmpdir(), 'bench-prof-'))
const k = spawn(
  'taskset',
  [
    '-c',
    '0',
    process.execPath,
    '--cpu-prof',
    '--cpu-prof-interval',
    '250',
    '--cpu-prof-dir',
    dir,
    `servers/${framework}.mjs`,
  ],
  {
    env: { ...process.env, NODE_ENV: 'production', LAYERS: layers, OTLP_URL: 'http://127.0.0.1:4393/x' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  },
)
const { port } = await new Promise((ok) => k.once('message', ok))
const from = Number(process.hrtime.bigint() / 1000n) // V8 stamps its samples with the same monotonic clock: what came before (boot) is left out
const { stdout } = await promisify(execFile)('taskset', [
  '-c',
  '1',
  'wrk',
  '-t1',
  '-c32',
  '-d8s',
  '-H',
  'authorization: Bearer x',
  '-H',
  'cookie: sid=1',
  `http://127.0.0.1:${port}/api/users/12345`,
])
const requests = Number(stdout.match(/(\d+) requests in/)[1])
k.send('exit')
await new Promise((ok) => k.once('exit', ok))

const prof = JSON.parse(readFileSync(join(dir, readdirSync(dir)[0])))
// a frame of node or V8 counts for the nearest package above it on the stack; what has none above is node's own
const node = new Map(prof.nodes.map((n) => [n.id, n]))
for (const n of prof.nodes) for (const c of n.children ?? []) node.get(c).parent = n
const pkg = (n) => {
  const f = n.callFrame
  if (f.functionName === '(garbage collector)') return '(garbage collector)'
  if (f.functionName === '(idle)') return null
  if (f.functionName === '(program)') return '(native: sockets, syscalls)'
  for (let q = n; q; q = q.parent) {
    const m = q.callFrame.url.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)
    if (m) return m[1]
    if (q.callFrame.url.includes('/bench/servers/')) return 'the app'
  }
  return "node's own (http server, timers, promises)"
}
const us = {}
let at = prof.startTime
prof.samples.forEach((id, i) => {
  at += prof.timeDeltas[i]
  if (at < from) return
  const p = pkg(node.get(id))
  if (p) us[p] = (us[p] ?? 0) + prof.timeDeltas[i]
})
const all = Object.values(us).reduce((a, b) => a + b, 0)
const rows = Object.entries(us)
  .sort((a, b) => b[1] - a[1])
  .filter(([, v]) => v / all > 0.008)
  .map(([p, v]) => ({ package: p, 'us/request': v / requests, share: `${((v / all) * 100).toFixed(1)}%` }))
report(
  `profile-${framework}-${layers.replace(/\W+/g, '_')}${process.env.SAMPLE ?? ''}${process.env.TUNED ? '-tuned' : ''}`,
  {
    markdown: `${framework} with ${layers || 'nothing'}: ${(all / requests).toFixed(1)} us/request under the profiler\n\n${table(rows)}`,
    data: { us: Object.fromEntries(Object.entries(us).map(([p, v]) => [p, v / requests])), requests },
  },
)
process.exit(0)
