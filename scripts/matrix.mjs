/**
 * The tests of the packages on other versions of Node than the one in use: the oldest we support, and the next.
 *
 *   node scripts/dev.mjs --with redis node scripts/matrix.mjs [vitest arguments]     (default: packages test/signals)
 *
 * `MATRIX_NODES=22.15.0,26` names other versions.
 */
import process from 'node:process'
import { giveUp, say } from './environment/failure.mjs'
import { nodeFolderOf, satisfies } from './environment/node.mjs'
import { attach } from './environment/run.mjs'
import { environmentWith } from './environment/variables.mjs'

const DEFAULT_NODES = '22.15.0,26'
/** From here on Node runs TypeScript unasked. */
const RUNS_TYPESCRIPT = '^22.18.0 || >=23.6.0'

async function main(args) {
  const versions = (process.env.MATRIX_NODES || DEFAULT_NODES).split(',')
  const failed = []
  for (const version of versions) {
    say(`tests on Node ${version}`)
    const code = await attach('vitest', ['run', ...(args.length === 0 ? ['packages', 'test/signals'] : args)], {
      env: environmentOf(version),
    })
    if (code !== 0) failed.push(version)
  }
  console.log(
    `${versions.length - failed.length} passed, ${failed.length} failed${failed.length === 0 ? '' : `: ${failed}`}`,
  )
  return failed.length === 0 ? 0 : 1
}

/** The folder comes first of all: programs that tests start are to find the same Node. */
function environmentOf(version) {
  const env = environmentWith([])
  env.PATH = `${nodeFolderOf(version)}:${env.PATH}`
  const exact = version.includes('.') ? version : `${version}.99.0`
  if (!satisfies(exact, RUNS_TYPESCRIPT)) {
    env.NODE_OPTIONS =
      `${env.NODE_OPTIONS || ''} --experimental-strip-types --disable-warning=ExperimentalWarning`.trim()
  }
  return env
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
