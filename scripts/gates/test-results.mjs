/** Runs vitest in this terminal and counts its tests, files that could not even be loaded included. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root, toolsDir } from '../environment/paths.mjs'
import { attach } from '../environment/run.mjs'

const RESULTS = path.join(toolsDir, 'test-results.json')

/** Resolves to `{ passed, failed, failures }`, the last as `file: title`. `args` go to vitest. */
export async function runTests(args) {
  mkdirSync(toolsDir, { recursive: true })
  rmSync(RESULTS, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`]
  const code = await attach('vitest', ['run', '--allowOnly=false', ...reporters, ...args])
  const counted = count(readResults())
  // An error outside any test (an unhandled rejection, a broken set-up) fails the run without failing a test.
  if (code !== 0 && counted.failed === 0) return { ...counted, failed: 1, failures: [`vitest: exited with ${code}`] }
  return counted
}

function readResults() {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8')).testResults
  } catch {
    return []
  }
}

/** Totals of vitest's JSON report. */
export function count(files) {
  const failures = files.flatMap(failuresOf)
  const passed = files.flatMap((file) => file.assertionResults).filter((test) => test.status === 'passed').length
  return { passed, failed: failures.length, failures }
}

function failuresOf(file) {
  const name = path.relative(root, file.name)
  const failed = file.assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0 && file.status === 'failed') return [`${name}: ${firstLine(file.message)}`]
  return failed.map((test) => `${name}: ${test.title}`)
}

/** Why a file failed outside its tests: it could not be loaded, a hook failed, something was left open. */
function firstLine(message) {
  return message?.trim().split('\n')[0] || 'could not be loaded'
}
