import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README names every error code', () => {
  const codes =
    readFileSync(join(folder, 'src/errors.ts'), 'utf8') + readFileSync(join(folder, 'src/main-link.ts'), 'utf8')

  const known = new Set(codes.match(/OPS_OPSPORT_[A-Z_]+/g))

  expect([...known].filter((code) => !readme.includes(`\`${code}\``))).toEqual([])
})
