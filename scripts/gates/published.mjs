/** The packages that are published, and their entries, as their manifests say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Every package under packages/ that is not private: `{ folder, home, file, manifest }`, by name. */
export function publishedPackages(root) {
  return readdirSync(path.join(root, 'packages'))
    .sort()
    .map((folder) => ({ folder, home: path.join(root, 'packages', folder) }))
    .map((one) => ({ ...one, file: path.join(one.home, 'package.json') }))
    .filter(({ file }) => existsSync(file))
    .map((one) => ({ ...one, manifest: readJson(one.file) }))
    .filter(({ manifest }) => manifest.private !== true)
}

/** What can be imported: `{ name: '@ops/cache/testing', file }`, JSON files aside. */
export function entriesOf({ home, manifest }) {
  return Object.entries(manifest.exports ?? {})
    .filter(([, target]) => typeof target === 'object')
    .map(([entry, target]) => ({
      name: path.posix.join(manifest.name, entry),
      file: path.join(home, target.default),
    }))
}

/** A JSON file. */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}
