/**
 * Runs one benchmark scenario with its peers installed and our packages built.
 *
 *   npm run bench -- <scenario> [arguments]
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { installBenchmarkPeers } from './environment/dependencies.mjs'
import { Failure, giveUp } from './environment/failure.mjs'
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
  await installBenchmarkPeers()
  const built = await attach('turbo', ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only'])
  if (built !== 0) throw new Failure('Cannot run the benchmark: our packages do not build, see above')
  return attach('node', [path.join(home, `${scenario}.mjs`), ...args], { cwd: home })
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
