import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { redisMetrics } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README names every metric and every error', () => {
  for (const { name } of Object.values(redisMetrics)) expect(readme).toContain(name)
  const codes = readFileSync(join(folder, 'src/errors.ts'), 'utf8').match(/'OPS_\w+'/g) ?? []
  for (const code of codes) expect(readme).toContain(code.slice(1, -1))
})
