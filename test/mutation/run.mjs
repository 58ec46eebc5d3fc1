/**
 * Changes one operator, literal or branch at a time in the pure parts of a package, and runs its tests: a change that no test
 * notices is a hole in them. Works in a copy of the tree, so that nobody meets a mutant.
 *
 *   npm run mutation [-- <package>…] [--record]
 *
 * Fails where a package scores less than `scores.json` says; `--record` writes scores that rose.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { copyTree } from '../../scripts/throw-away-copy.mjs'
import { scoreOf, survivorsOf } from './score.mjs'
import { targets } from './targets.mjs'

const scoresFile = join(import.meta.dirname, 'scores.json')
const require = createRequire(import.meta.url)

function main(args) {
  const names = args.filter((arg) => !arg.startsWith('--'))
  const scores = JSON.parse(readFileSync(scoresFile, 'utf8'))
  const copy = copyTree({ paths: ['packages', 'tsconfig.base.json', 'package.json'] })
  try {
    const failed = (names.length > 0 ? names : Object.keys(targets)).filter((name) => {
      const isHeld = holds(name, copy, scores)
      // After each: what took an hour is not lost with what comes next.
      if (args.includes('--record')) writeFileSync(scoresFile, `${JSON.stringify(scores, undefined, 2)}\n`)
      return !isHeld
    })
    return failed.length === 0 ? 0 : 1
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Mutates one package; says what survived, and whether the score is at least the recorded one, which it raises. */
function holds(name, copy, scores) {
  if (targets[name] === undefined)
    throw new TypeError(`Cannot mutate ${name}: unknown, expected ${Object.keys(targets)}`)
  const report = mutate(name, copy)
  const { score, killed, timedOut, valid } = scoreOf(report)
  for (const line of survivorsOf(report)) console.log(`  ${line}`)
  const least = scores[name] ?? 0
  console.log(
    `${name}: ${score} % (${killed} of ${valid} mutants, ${timedOut} by timeout), at least ${least} % expected`,
  )
  if (score > least) scores[name] = score
  return score >= least
}

function mutate(name, copy) {
  writeFileSync(join(copy, 'vitest.config.mjs'), vitestConfig(name))
  writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(strykerConfig(name)))
  const bin = join(dirname(require.resolve('@stryker-mutator/core/package.json')), 'bin', 'stryker.js')
  const { status } = spawnSync(process.execPath, [bin, 'run', 'stryker.config.json'], { cwd: copy, stdio: 'inherit' })
  const report = join(copy, 'mutation.json')
  if (!existsSync(report)) throw new Error(`Cannot mutate ${name}: Stryker ended with ${status} and no report`)
  const json = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(report)
  return json
}

function vitestConfig(name) {
  const include = targets[name].tests.filter((glob) => !glob.startsWith('!'))
  const exclude = targets[name].tests.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1))
  const inTests = (globs) => JSON.stringify(globs.map((glob) => `packages/${name}/test/${glob}`))
  return `export default {
  ssr: { resolve: { conditions: ['@ops/source', 'node', 'module', 'development|production'] } },
  test: {
    include: ${inTests(include)},
    exclude: ${inTests(exclude)},
    execArgv: ['--conditions=@ops/source'],
    testTimeout: 60_000,
  },
}
`
}

function strykerConfig(name) {
  return {
    testRunner: 'vitest',
    plugins: [require.resolve('@stryker-mutator/vitest-runner')],
    vitest: { configFile: 'vitest.config.mjs' },
    mutate: targets[name].mutate.map((glob) => `packages/${name}/src/${glob}.ts`),
    // Messages for people: their words are not what the tests are about.
    mutator: { excludedMutations: ['StringLiteral'] },
    inPlace: true,
    coverageAnalysis: 'perTest',
    concurrency: 2,
    // A loop that never ends is told from a machine that is busy.
    timeoutMS: 15_000,
    allowEmpty: false,
    reporters: ['json'],
    jsonReporter: { fileName: 'mutation.json' },
    tempDirName: '.stryker-tmp',
    checkers: [],
    disableTypeChecks: false,
    logLevel: 'warn',
  }
}

process.exitCode = main(process.argv.slice(2))
