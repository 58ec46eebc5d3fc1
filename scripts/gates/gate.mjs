/** What the gates of our own share: their arguments, and how they say what breaks what. */
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { root } from '../environment/paths.mjs'

/**
 * Runs a gate as a program. `check({ root, update, … })` returns or resolves to its problems, each a line for people;
 * every problem is printed, and any makes the gate fail. `--root` judges another tree, which is how gates are tested.
 */
export async function runGate(check, options = {}) {
  const { values } = parseArgs({
    options: { root: { type: 'string', default: root }, update: { type: 'boolean', default: false }, ...options },
  })
  const problems = await check({ ...values, root: path.resolve(values.root) })
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
