// Requests failed in rolling restarts of two instances behind a TCP balancer, under 60 keep-alive POST clients.
// Run: pnpm --filter @ops/health --filter @ops/ops-port build && cd bench && node drain.mjs
import { mkdirSync, writeFileSync } from 'node:fs'
import { rollingRestart } from '../test/faults/rolling-restart.ts'
import { version } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const RUNS = Number(process.env.RUNS ?? 3),
  RESTARTS = Number(process.env.RESTARTS ?? 4),
  CLIENTS = Number(process.env.CLIENTS ?? 60)
const peers = ['none', 'close', 'stoppable', 'http-terminator', 'terminus', '@ops/health']
const labels = {
  none: 'no handling of SIGTERM',
  close: 'server.close()',
  stoppable: `stoppable ${version('stoppable')}`,
  'http-terminator': `http-terminator ${version('http-terminator')}`,
  terminus: `@godaddy/terminus ${version('@godaddy/terminus')}`,
  '@ops/health': '@ops/health',
}
const contenders = peers.flatMap((mode) => (mode === 'none' ? [[mode]] : [[mode], [mode, 'delayed']]))

const runs = new Map(contenders.map((args) => [args, []]))
for (let run = 0; run < RUNS; run++) {
  for (const args of contenders) {
    const r = await rollingRestart({
      script: new URL('./servers/drain.mjs', import.meta.url),
      args,
      clients: CLIENTS,
      rounds: RESTARTS / 2,
      requestsBetween: 300,
    })
    const failed = Object.values(r.failures).reduce((a, b) => a + b, 0)
    runs.get(args).push({ failed, ...r })
    console.error(run, args.join(' '), failed, JSON.stringify(r.failures), r.exits.join())
  }
}
const rows = contenders.map((args) => {
  const all = runs.get(args),
    kinds = {}
  for (const { failures } of all) for (const [kind, n] of Object.entries(failures)) kinds[kind] = (kinds[kind] ?? 0) + n
  const failed = all.map((r) => r.failed)
  const seen =
    Object.entries(kinds)
      .map(([kind, n]) => `${kind} ${n}`)
      .join(', ') || '-'
  return `| ${labels[args[0]]} | ${args[1] ? 'off 250 ms before' : 'off at the signal'} | ${Math.min(...failed)}-${Math.max(...failed)} | ${Math.round(median(all.map((r) => r.succeeded)))} | ${seen} | ${Math.round(median(all.flatMap((r) => r.stopMs)))} |`
})
const table = `| stop | readiness | failed requests a run | succeeded (median) | how they failed (all runs) | stop, ms (median) |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`
const text = `# Requests failed in rolling restarts

Two instances of one node:http server behind a TCP balancer that asks for readiness every 50 ms, ${CLIENTS} keep-alive clients that POST 1 kB
without retrying, ${RESTARTS} restarts a run, ${RUNS} runs, contenders in turn. Handlers take up to 20 ms, clients pause up to 20 ms.
\`cd bench && node drain.mjs\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}.

${table}`
console.log(text)
mkdirSync(new URL('./tables/', import.meta.url), { recursive: true })
if (!process.env.DRY) writeFileSync(new URL('./tables/drain.md', import.meta.url), text)
