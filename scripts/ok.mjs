/**
 * Everything CI runs, inside the environment: all gates and all tests, to the end even when one fails.
 * The last line is `N passed, N failed`: tests plus one for each gate.
 *
 *   pnpm ok [vitest arguments]
 */
import process from 'node:process'
import { giveUp } from './environment/failure.mjs'
import { build, checks } from './gates/gates.mjs'
import { runGates } from './gates/run-gate.mjs'
import { runTests } from './gates/test-results.mjs'

async function main(vitestArgs) {
  const gates = []
  const onDone = (result) => {
    gates.push(result)
    announce(result)
  }
  await runGates([build], { atOnce: 1, onDone })
  await runGates(checks, { atOnce: 2, onDone })
  const tests = await runTests(vitestArgs)
  return summarise(gates, tests)
}

function announce({ name, passed, seconds, output }) {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
  if (!passed) console.log(`${output}\n`)
}

/** Names what failed, prints the totals, returns the exit code. */
function summarise(gates, tests) {
  const failures = gates.filter((gate) => !gate.passed).map((gate) => `gate ${gate.name}`)
  failures.push(...tests.failures)
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`)
  const passed = gates.filter((gate) => gate.passed).length + tests.passed
  console.log(`${passed} passed, ${failures.length} failed`)
  return failures.length === 0 ? 0 : 1
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
