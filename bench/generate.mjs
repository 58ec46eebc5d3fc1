// Scenario: generate. Run: node generate.mjs, after a build. Wall and CPU time of `ops generate` as a process of its own, from
// nothing to all files written, and of `--check`, for services of more and more features. No peer makes these files.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './lib/stats.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 7)
const FEATURES = [1, 10, 50, 200]
const BIN = fileURLToPath(new URL('../packages/cli/dist/bin.js', import.meta.url))
const SERVICE = new URL('../packages/service/dist/index.js', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'ops-bench-'))
const serviceOf = (count) => join(folder, `service-${count}.mjs`)

/** A service with a database, Redis, a queue, caches and a deployment, so that every part is made. */
function declaration(count) {
  const features = Array.from({ length: count }, (_, at) => ({
    name: `feature-${at}`,
    routes: [`/feature-${at}/*`],
    slo: 0.999,
    errors: { warn: 0.01, critical: 0.05 },
    p95Ms: 500,
    p99Ms: 2000,
  }))
  const definition = {
    name: 'shop',
    owner: 'team-shop',
    tier: 1,
    settings: {},
    jobs: [{ name: 'order.fulfil' }],
    caches: [{ name: 'shop.order', minHitRatio: 0.5 }],
    dependencies: { postgres: { kind: 'postgres' }, redis: { kind: 'redis' } },
    features,
    labels: { project: 'shop', 'cost-center': '42' },
  }
  const deploy = {
    baseImage: `node:24-slim@sha256:${'0'.repeat(64)}`,
    image: 'registry.example.com/shop',
    api: { entry: 'dist/main.js' },
    worker: { entry: 'dist/worker.js' },
  }
  return `import { defineService } from '${SERVICE}'
export default defineService(${JSON.stringify(definition)})
export const operations = ${JSON.stringify({ deploy })}`
}

/** Says on stderr, at the very end, how much CPU the process took: what a busy machine does not change. */
const COUNTED = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); process._rawDebug('CPU ' + (user + system) / 1000) })",
)}`

function run(...args) {
  const start = performance.now()
  const options = { encoding: 'utf8', maxBuffer: 1e8 }
  const { status, stdout, stderr } = spawnSync(process.execPath, [COUNTED, BIN, ...args, '--json'], options)
  const wall = performance.now() - start
  if (status !== 0) throw new Error(`${args.join(' ')}: ${status} ${stderr}`)
  return { wall, cpu: Number(/CPU ([\d.]+)/.exec(stderr)?.[1]), files: JSON.parse(stdout).files?.length }
}

const rounds = FEATURES.map((count) => ({ count, files: 0, start: [], generate: [], check: [] }))
try {
  for (const { count } of rounds) writeFileSync(serviceOf(count), declaration(count))
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of rounds) {
      const out = mkdtempSync(join(folder, 'out-'))
      const service = ['--service', serviceOf(one.count)]
      one.start.push(run('explain', ...service))
      const made = run('generate', ...service, '--out', out)
      one.generate.push(made)
      one.files = made.files
      one.check.push(run('generate', '--check', ...service, '--out', out))
      rmSync(out, { recursive: true })
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

const cell = (runs) =>
  [median(runs.map(({ wall }) => wall)), median(runs.map(({ cpu }) => cpu))].map((ms) => ms.toFixed(0))
console.log('| features | files | generate: wall ms | CPU ms | --check: wall ms | CPU ms | explain: wall ms | CPU ms |')
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
for (const { count, files, start, generate, check } of rounds)
  console.log(`| ${[count, files, ...cell(generate), ...cell(check), ...cell(start)].join(' | ')} |`)
