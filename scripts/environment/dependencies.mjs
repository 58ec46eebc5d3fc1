/** Installs the workspace exactly as locked, and skips it while nothing that decides the outcome has changed. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Failure, say } from './failure.mjs'
import { root, toolsDir } from './paths.mjs'
import { attach } from './run.mjs'

const STAMP = path.join(toolsDir, 'installed')
const WORKSPACES = ['packages', 'examples', 'test']

/** Brings node_modules in line with the lockfile; `force` installs even when the stamp says that it is. */
export async function installDependencies(env, { force = false } = {}) {
  const wanted = fingerprint()
  if (!force && installed() === wanted) return
  say('installing dependencies as locked')
  rmSync(STAMP, { force: true })
  if ((await attach('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], { env })) !== 0) {
    throw new Failure(
      'Cannot install the dependencies: see above, expected a reachable npm registry and a lockfile in step with every package.json (`node scripts/dev.mjs install` brings it in step)',
    )
  }
  mkdirSync(toolsDir, { recursive: true })
  writeFileSync(STAMP, fingerprint())
}

function installed() {
  if (!existsSync(STAMP) || !existsSync(path.join(root, 'node_modules', '.modules.yaml'))) return undefined
  return readFileSync(STAMP, 'utf8')
}

/** Hash of the lockfile, the workspace settings and every manifest. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...memberManifests()]) {
    const absolute = path.join(root, file)
    hash.update(`${file}\0`).update(existsSync(absolute) ? readFileSync(absolute) : '')
  }
  return hash.digest('hex')
}

function memberManifests() {
  return WORKSPACES.filter((folder) => existsSync(path.join(root, folder))).flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .sort()
      .map((member) => path.join(folder, member, 'package.json'))
      .filter((file) => existsSync(path.join(root, file))),
  )
}
