/** Fetches a tool from the npm registry into .tools/, once, with the machine's own npm. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Failure, say } from './failure.mjs'
import { toolsDir } from './paths.mjs'
import { capture } from './run.mjs'

const OLDEST_NPM = 8

/**
 * Path of `binary` inside the package `spec`, fetched under `.tools/<name>` when it is not there yet.
 * The folder appears under its name only when complete, so an interrupted or parallel run leaves nothing half done.
 */
export function fetchTool(name, spec, binary) {
  const home = path.join(toolsDir, name)
  const wanted = path.join(home, 'node_modules', binary)
  if (existsSync(wanted)) return wanted
  assertNpm(spec)
  say(`fetching ${spec} into .tools/${name} (once)`)
  const draft = `${home}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  const args = [
    'install',
    '--prefix',
    draft,
    ...quiet,
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
    spec,
  ]
  const { status, output } = capture('npm', args)
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    throw new Failure(`Cannot fetch ${spec}: npm failed, expected a reachable npm registry\n${reason(output)}`)
  }
  rmSync(home, { recursive: true, force: true })
  renameSync(draft, home)
  if (!existsSync(wanted)) throw new Failure(`Cannot use ${spec}: it has no ${binary}, delete .tools/${name} and retry`)
  return wanted
}

/** npm's own words, without where it keeps its log. */
function reason(output) {
  const lines = output
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/.test(line) && !/complete log|debug-\d/.test(line))
  return lines.slice(0, 6).join('\n')
}

function assertNpm(spec) {
  const { status, output } = capture('npm', ['--version'])
  const version = /^(\d+)\.\d+\.\d+$/m.exec(output)
  if (status !== 0 || version === null) {
    throw new Failure(
      `Cannot fetch ${spec}: npm is not on the PATH, expected npm ${OLDEST_NPM} or later (it comes with Node)`,
    )
  }
  if (Number(version[1]) < OLDEST_NPM) {
    throw new Failure(
      `Cannot fetch ${spec}: npm is ${version[0]}, expected ${OLDEST_NPM} or later (npm install -g npm@${OLDEST_NPM})`,
    )
  }
}
