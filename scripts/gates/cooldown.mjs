/**
 * A version of somebody else's package is not taken before it is a day old: most poisoned releases are found and removed
 * within hours. pnpm holds to it when it resolves and when it installs a lockfile; this holds to pnpm being told.
 *
 *   node scripts/gates/cooldown.mjs [--root <folder>]
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { runGate } from './gate.mjs'

const LEAST_MINUTES = 24 * 60

/** Each has a lockfile of its own. */
const WORKSPACES = ['pnpm-workspace.yaml', 'bench/pnpm-workspace.yaml']

await runGate(({ root }) => WORKSPACES.flatMap((file) => problemsOf(file, path.join(root, file))))

function problemsOf(name, file) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const [, minutes] = /^minimumReleaseAge: (\d+)$/m.exec(text) ?? []
  if (minutes === undefined || Number(minutes) < LEAST_MINUTES) {
    const state = minutes === undefined ? 'not set' : `${minutes} minutes`
    return [`${name}: minimumReleaseAge is ${state}, expected at least ${LEAST_MINUTES}`]
  }
  if (/^minimumReleaseAgeExclude:/m.test(text)) {
    return [
      `${name}: minimumReleaseAgeExclude lets young versions in, expected none: wait a day, or pin the version before`,
    ]
  }
  return []
}
