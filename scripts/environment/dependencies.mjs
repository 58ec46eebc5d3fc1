/** Installs a workspace exactly as locked, and skips it while nothing that decides the outcome has changed. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Failure, say } from './failure.mjs'
import { root } from './paths.mjs'
import { attach } from './run.mjs'

const MEMBERS = ['packages', 'examples', 'docs', 'test']

/** Brings the repository's node_modules in line with its lockfile; `force` installs even when they are. */
export function installDependencies(env, { force = false } = {}) {
  return install(root, memberManifests, 'dependencies', { env, force })
}

/** The peers that benchmarks compare with: a workspace of its own, since only benchmarks need that many. */
export function installBenchmarkPeers() {
  return install(path.join(root, 'bench'), () => [], 'the peers that benchmarks compare with', {})
}

async function install(folder, manifests, what, { env = process.env, force = false }) {
  const stamp = path.join(folder, 'node_modules', '.installed')
  const fingerprint = () => hashOf(folder, ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests()])
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return
  say(`installing ${what} as locked`)
  rmSync(stamp, { force: true })
  if ((await attach('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], { env, cwd: folder })) !== 0) {
    throw new Failure(
      `Cannot install ${what}: see above, expected a reachable npm registry and a lockfile in step with every package.json (\`node scripts/dev.mjs install\` brings it in step)`,
    )
  }
  writeFileSync(stamp, fingerprint())
}

function hashOf(folder, files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const absolute = path.join(folder, file)
    hash.update(`${file}\0`).update(existsSync(absolute) ? readFileSync(absolute) : '')
  }
  return hash.digest('hex')
}

function memberManifests() {
  return MEMBERS.filter((folder) => existsSync(path.join(root, folder))).flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .sort()
      .map((member) => path.join(folder, member, 'package.json'))
      .filter((file) => existsSync(path.join(root, file))),
  )
}
