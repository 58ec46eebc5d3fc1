import path from 'node:path'
import { fetchTool } from './npm-tool.mjs'
import { manifest } from './paths.mjs'
import { capture } from './run.mjs'

/** Folder to put on the PATH for the pnpm that package.json pins, or undefined when that very version is there already. */
export function pnpmFolder() {
  const pin = manifest.packageManager.split('+')[0]
  const { output } = capture('pnpm', ['--version'])
  if (`pnpm@${output.trim()}` === pin) return undefined
  return path.dirname(fetchTool(pin.replace('@', '-'), pin, '.bin/pnpm'))
}
