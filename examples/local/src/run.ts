/** Runs one program of the examples with whatever its environment lacks: `node run.ts <program.ts>`. */
import { spawn } from 'node:child_process'
import { PLACEHOLDERS } from './placeholders.ts'
import { startPostgres } from './postgres.ts'
import { startPricingStandIn } from './pricing-stand-in.ts'

const [program, ...args] = process.argv.slice(2)
if (program === undefined) {
  console.error('Usage: node run.ts <program.ts> [arguments]')
  process.exit(2)
}

const postgres = process.env['DATABASE_URL'] ? undefined : await startPostgres()
const pricing = process.env['PRICING_URL'] ? undefined : await startPricingStandIn()
const lacking = {
  ...PLACEHOLDERS,
  DATABASE_URL: postgres?.url,
  PRICING_URL: pricing?.url,
  PORT: '3000',
  OPS_PORT: '9090',
}
const env = { ...lacking, ...process.env }
if (postgres !== undefined) console.error('run: DATABASE_URL is unset: started an embedded PostgreSQL')

const child = spawn(process.execPath, ['--conditions=@ops/source', program, ...args], { stdio: 'inherit', env })
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', async (code, signal) => {
  pricing?.stop()
  await postgres?.stop()
  process.exit(code ?? (signal === null ? 0 : 1))
})
