import path from 'node:path'
import process from 'node:process'
import { root } from './paths.mjs'

/** Settings of the machine's npm that pnpm needs too; the rest describes the npm that started us and would mislead it. */
const KEPT = /^npm_config_(registry|proxy|https_proxy|noproxy|cafile)$/i

/** The variables of this process without npm's own; on the PATH come our binaries, `folders`, what there was, and `fallbacks`. @returns {Record<string, string>} */
export function environmentWith(folders, fallbacks = []) {
  const env = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...process.env }
  for (const name of Object.keys(env)) if (/^npm_/i.test(name) && !KEPT.test(name)) delete env[name]
  env.PATH = [path.join(root, 'node_modules', '.bin'), ...folders, env.PATH, ...fallbacks]
    .filter(Boolean)
    .join(path.delimiter)
  return env
}
