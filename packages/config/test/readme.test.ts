import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { configMetrics } from '../src/metrics.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')

test('README names every metric', () => {
  for (const { name } of Object.values(configMetrics)) expect(readme).toContain(name)
})
