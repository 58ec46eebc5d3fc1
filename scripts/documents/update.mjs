/** Writes every generated part of the documents anew: `pnpm documents`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { withOptionTables } from './option-tables.mjs'

const packages = path.join(import.meta.dirname, '..', '..', 'packages')

for (const name of readdirSync(packages)) {
  const file = path.join(packages, name, 'README.md')
  const before = readFileSync(file, 'utf8')
  const after = withOptionTables(before, path.join(packages, name))
  if (after === before) continue
  writeFileSync(file, after)
  console.log(`wrote packages/${name}/README.md`)
}
