// What starting tracing costs a process: CPU, time, modules, memory. Run: node tracing-boot.mjs
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { report } from './lib/report.mjs'
import { fmtRatio, median, ratio, table } from './lib/stats.mjs'

const run = promisify(execFile)
const ROUNDS = Number(process.env.ROUNDS ?? 11)
const OTLP = 'http://127.0.0.1:1'
const contenders = [
  {
    name: 'sdk-node with OTLP JSON',
    code: `const { NodeSDK } = await import('@opentelemetry/sdk-node');
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      new NodeSDK({ serviceName: 'x', traceExporter: new OTLPTraceExporter({ url: '${OTLP}/v1/traces' }) }).start();`,
  },
  {
    name: '@ops/tracing, OTLP endpoint (exporter loaded)',
    code: `const { startTracing } = await import('../packages/tracing/dist/index.js');
      startTracing({ service: 'x', export: { otlp: '${OTLP}' } });
      await import('../packages/tracing/node_modules/@opentelemetry/exporter-trace-otlp-http/dist/index.mjs');`,
  },
  {
    name: '@ops/tracing, no endpoint',
    code: `const { startTracing } = await import('../packages/tracing/dist/index.js');
      startTracing({ service: 'x' });`,
  },
  { name: '@opentelemetry/api alone', code: `await import('@opentelemetry/api');` },
  { name: 'node alone', code: '' },
]
const measured = (code) => `
  process.env.OTEL_LOGS_EXPORTER = 'none'; process.env.OTEL_METRICS_EXPORTER = 'none';
  const t = performance.now(); const c = process.cpuUsage();
  ${code}
  const u = process.cpuUsage(c);
  process.stdout.write(JSON.stringify({ ms: performance.now() - t, cpu: (u.user + u.system) / 1000, rss: process.memoryUsage.rss() / 1048576 }));
  process.exit(0);`

const results = contenders.map(({ name }) => ({ name, ms: [], cpu: [], rss: [] }))
for (let round = 0; round < ROUNDS; round++) {
  for (let j = 0; j < contenders.length; j++) {
    const at = (j + round) % contenders.length
    const args = ['-c', '0', process.execPath, '--input-type=module', '-e', measured(contenders[at].code)]
    const { ms, cpu, rss } = JSON.parse((await run('taskset', args)).stdout)
    results[at].ms.push(ms)
    results[at].cpu.push(cpu)
    results[at].rss.push(rss)
  }
}
const [base] = results
const rows = results.map((result) => ({
  contender: result.name,
  'ms to start': median(result.ms),
  'x sdk-node': fmtRatio(ratio(result.ms, base.ms)),
  'cpu ms': median(result.cpu),
  'rss MB': median(result.rss),
}))
report('tracing-boot', {
  markdown: table(rows),
  data: Object.fromEntries(results.map((r) => [r.name, r])),
  versions: ['@opentelemetry/sdk-node'],
})
