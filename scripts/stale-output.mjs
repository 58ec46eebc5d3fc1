/** The compiler never deletes what it once made; a tarball must not carry what no source makes any more. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const MADE = /\.(?:d\.ts|js|js\.map)$/

/** Deletes from every packages/<name>/dist what has no source, and returns it, relative to the root. */
export function deleteStaleOutput(root) {
  const packages = path.join(root, 'packages')
  const stale = readdirSync(packages).flatMap((folder) => {
    const dist = path.join(packages, folder, 'dist')
    if (!existsSync(dist)) return []
    return readdirSync(dist, { recursive: true })
      .filter((file) => MADE.test(file))
      .filter((file) => !existsSync(path.join(packages, folder, 'src', file.replace(MADE, '.ts'))))
      .map((file) => path.join('packages', folder, 'dist', file))
  })
  for (const file of stale) rmSync(path.join(root, file), { force: true })
  return stale
}
