/** A copy of this working tree outside it, for what must not happen to the tree: mutants, a release that is only rehearsed. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from './environment/paths.mjs'

/**
 * Copies everything that git knows or would, below `paths` or all of it, and links the installed dependencies in: packages
 * of this repository find each other in the copy, everything else where it is installed. `built` brings each dist/ along.
 */
export function copyTree({ paths = ['.'], built = false } = {}) {
  const copy = realpathSync(mkdtempSync(path.join(tmpdir(), 'ops-copy-')))
  for (const file of filesBelow(paths)) {
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true })
    cpSync(path.join(root, file), path.join(copy, file))
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  for (const folder of readdirSync(path.join(copy, 'packages'))) {
    for (const made of built ? ['node_modules', 'dist'] : ['node_modules']) {
      const from = path.join(root, 'packages', folder, made)
      if (!existsSync(from)) continue
      cpSync(from, path.join(copy, 'packages', folder, made), { recursive: true, verbatimSymlinks: true })
    }
  }
  return copy
}

function filesBelow(paths) {
  const args = ['ls-files', '-co', '--exclude-standard', '--', ...paths]
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return listed.split('\n').filter((file) => file !== '' && existsSync(path.join(root, file)))
}
