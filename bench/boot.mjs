// What importing and starting costs a process: time, CPU, modules, memory. Run: node boot.mjs
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { report } from './lib/report.mjs'
import { fmtRatio, median, ratio, table } from './lib/stats.mjs'

const run = promisify(execFile)
const ROUNDS = Number(process.env.ROUNDS ?? 11)
const OTLP = 'http://127.0.0.1:1'
const service = `
  const { defineService } = await import('../packages/service/dist/index.js')
  const service = defineService({ name: 'x', owner: 'bench', tier: 3 })`
const contenders = [
  {
    name: 'sdk-node with OTLP JSON, started',
    code: `const { NodeSDK } = await import('@opentelemetry/sdk-node')
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
      new NodeSDK({ serviceName: 'x', traceExporter: new OTLPTraceExporter({ url: '${OTLP}/v1/traces' }) }).start()`,
  },
  { name: 'sdk-node imported', code: `await import('@opentelemetry/sdk-node')` },
  { name: '@ops/service imported: all signals', code: `await import('../packages/service/dist/index.js')` },
  {
    name: '@ops/service running: all signals and the ops port',
    env: { OPS_PORT: '0', NODE_ENV: 'production' },
    code: `${service}
      await service.run(undefined, { logger: { destination: { write() {} } } })`,
  },
  {
    name: '@ops/tracing started and tried to deliver: exporter loaded',
    code: `const { startTracing } = await import('../packages/tracing/dist/index.js')
      const tracing = startTracing({ service: 'x', sample: { head: 1 }, export: { otlp: '${OTLP}' } })
      tracing.tracer('x').startSpan('x').end()
      await tracing.flush()`,
  },
  {
    name: '@ops/tracing started, no endpoint',
    code: `const { startTracing } = await import('../packages/tracing/dist/index.js')
      startTracing({ service: 'x' })`,
  },
  { name: '@opentelemetry/api imported', code: `await import('@opentelemetry/api')` },
  { name: 'node alone', code: '' },
]
const measured = (code) => `
  import { registerHooks } from 'node:module'
  process.env.OTEL_LOGS_EXPORTER = 'none'; process.env.OTEL_METRICS_EXPORTER = 'none'
  let modules = 0
  const count = process.env.COUNT === '1'
  if (count) registerHooks({ load(url, context, next) { if (url.startsWith('file:')) modules++; return next(url, context) } })
  const t = performance.now(); const c = process.cpuUsage();
  ${code}
  const u = process.cpuUsage(c)
  const figures = { modules, ms: performance.now() - t, cpu: (u.user + u.system) / 1000, rss: process.memoryUsage.rss() / 1048576 }
  process.stdout.write(JSON.stringify(figures), () => process.exit(0))`

/** One start in a process of its own. Modules are counted in another one, since counting takes time. */
async function start({ code, env }, count) {
  const args = ['-c', '0', process.execPath, '--input-type=module', '--eval', measured(code)]
  const { stdout } = await run('taskset', args, { env: { ...process.env, ...env, COUNT: count ? '1' : '0' } })
  return JSON.parse(stdout)
}

const results = contenders.map(({ name }) => ({ name, ms: [], cpu: [], rss: [] }))
for (const [i, contender] of contenders.entries()) results[i].modules = (await start(contender, true)).modules
for (let round = 0; round < ROUNDS; round++) {
  for (let j = 0; j < contenders.length; j++) {
    const at = (j + round) % contenders.length
    const { ms, cpu, rss } = await start(contenders[at], false)
    results[at].ms.push(ms)
    results[at].cpu.push(cpu)
    results[at].rss.push(rss)
  }
}
const [base] = results
const rows = results.map((result) => ({
  contender: result.name,
  modules: result.modules,
  'x modules': (result.modules / base.modules).toFixed(2),
  ms: median(result.ms),
  'x ms': fmtRatio(ratio(result.ms, base.ms)),
  'cpu ms': median(result.cpu),
  'x cpu': fmtRatio(ratio(result.cpu, base.cpu)),
  'rss MB': median(result.rss),
}))
report('boot', {
  markdown: table(rows),
  data: Object.fromEntries(results.map((r) => [r.name, r])),
  versions: ['@opentelemetry/sdk-node'],
})
