/**
 * The tests of the packages on other versions of Node than the one in use: the oldest that runs TypeScript unasked, as these
 * tests need, and the next. Older ones, down to 22.15, are for `test/signals/context-matrix` and `test/consumers`.
 *
 *   node scripts/dev.mjs --with redis node scripts/matrix.mjs [vitest arguments]     (default: packages test/signals)
 *
 * `MATRIX_NODES=22,26` names other versions.
 */
import process from 'node:process'
import { giveUp, say } from './environment/failure.mjs'
import { nodeFolderOf } from './environment/node.mjs'
import { attach } from './environment/run.mjs'
import { environmentWith } from './environment/variables.mjs'

const DEFAULT_NODES = '22.18.0,26'

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
  return env
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
