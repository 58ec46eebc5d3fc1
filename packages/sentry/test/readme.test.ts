import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OUTCOMES } from '../src/metrics.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README names every outcome', () => {
  for (const outcome of OUTCOMES) expect(readme).toContain(`\`${outcome}\``)
})
