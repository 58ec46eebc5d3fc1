import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { healthMetrics, lifecycleMetrics } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README names every metric and every error code', () => {
  const names = [healthMetrics, lifecycleMetrics].flatMap((catalog) => Object.values(catalog).map(({ name }) => name))
  const codes = readFileSync(join(folder, 'src/errors.ts'), 'utf8').match(/OPS_HEALTH_[A-Z_]+/g) ?? []

  expect(names.filter((name) => !readme.includes(`\`${name}`))).toEqual([])
  expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([])
})
