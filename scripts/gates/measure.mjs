/** What an entry costs whoever imports it, in counts that are the same on every machine: never in time. */
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const recorder = new URL('./import-recorder.mjs', import.meta.url)

/** Bytes of the entry with everything of its own package that it loads, minified and compressed; other packages are theirs to measure. */
export async function sizeOf(file, root) {
  const built = await build({
    configFile: false,
    root,
    logLevel: 'silent',
    build: { ssr: file, minify: true, write: false, target: 'node22', rollupOptions: { external: isOfOthers } },
  })
  const chunks = [built].flat().flatMap(({ output }) => output)
  return gzipSync(chunks.map(({ code = '' }) => code).join('\n'), { level: 9 }).length
}

function isOfOthers(id) {
  return !id.startsWith('.') && !path.isAbsolute(id)
}

/**
 * Imports the entry in a fresh process: `{ modules, bytes, loads }`, the last being the names of the packages that
 * were loaded with it. Node's own modules do not count.
 */
export async function importOf(file, root) {
  const script = `await import(${JSON.stringify(pathToFileURL(file).href)})`
  const { NODE_OPTIONS, NODE_V8_COVERAGE, ...env } = process.env
  const args = ['--import', recorder.href, '--input-type=module', '-e', script]
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const printed = stdout.trim().split('\n').at(-1)
  if (!printed?.startsWith('[')) throw new Error(`Cannot import ${path.relative(root, file)}: ${stderr.trim()}`)
  const files = JSON.parse(printed).map((url) => fileURLToPath(url))
  const loads = [...new Set(files.map((loaded) => packageOf(loaded, root)))].sort()
  const bytes = files.reduce((sum, loaded) => sum + statSync(loaded).size, 0)
  return { modules: files.length, bytes, loads: loads.filter((name) => name !== packageOf(file, root)) }
}

/** Name of the package that a file belongs to: ours by folder, others by where they are installed. */
function packageOf(file, root) {
  const [, folder] = /^packages\/([^/]+)\//.exec(path.relative(root, file)) ?? []
  if (folder !== undefined && !file.includes('/node_modules/')) return `@ops/${folder}`
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
  return name ?? path.relative(root, file)
}
