/**
 * Runs one benchmark scenario with its peers installed and our packages built.
 *
 *   npm run bench -- <scenario> [arguments]
 */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Failure, giveUp, say } from './environment/failure.mjs'
import { root } from './environment/paths.mjs'
import { attach } from './environment/run.mjs'

const home = path.join(root, 'bench')

async function main([scenario, ...args]) {
  const scenarios = readdirSync(home)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => path.basename(file, '.mjs'))
  if (!scenarios.includes(scenario)) {
    throw new Failure(`Cannot run ${scenario ?? 'a benchmark without a name'}: expected one of ${scenarios.join(', ')}`)
  }
  await installPeers()
  await must('turbo', ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only'], root)
  return attach('node', [path.join(home, `${scenario}.mjs`), ...args], { cwd: home })
}

/** The peers are many and only benchmarks need them: a workspace of its own, installed at the first run. */
async function installPeers() {
  const lockfile = path.join(home, 'node_modules', '.pnpm', 'lock.yaml')
  if (existsSync(lockfile)) return
  say('installing the peers that the benchmarks compare with (once)')
  await must('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], home)
}

async function must(command, args, cwd) {
  const code = await attach(command, args, { cwd })
  if (code !== 0) throw new Failure(`Cannot go on: ${command} ${args[0]} ended with ${code}, see above`)
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
