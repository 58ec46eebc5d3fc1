/** The compiler never deletes what it once made; a tarball must not carry what no source makes any more, nor lack what one does. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const MADE = /\.(?:d\.ts|js|js\.map)$/

/** Deletes from the dist/ of a package what has no source, and returns it, relative to the package. */
export function deleteStaleOutput(home) {
  const stale = filesIn(path.join(home, 'dist'))
    .filter((file) => MADE.test(file))
    .filter((file) => !existsSync(path.join(home, 'src', file.replace(MADE, '.ts'))))
    .map((file) => path.join('dist', file))
  for (const file of stale) rmSync(path.join(home, file), { force: true })
  return stale
}

/** What the sources of a package would be compiled to and is not there, relative to the package. */
export function missingOutput(home) {
  return filesIn(path.join(home, 'src'))
    .filter((file) => /(?<!\.d)\.ts$/.test(file))
    .map((file) => path.join('dist', file.replace(/\.ts$/, '.js')))
    .filter((file) => !existsSync(path.join(home, file)))
}

function filesIn(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
}
