import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { counter, defaultMetrics, metricsMetrics, storageMetrics } from '@ops/metrics'
import { expect, test } from 'vitest'
import { createTestMetrics } from './test-metrics.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README names every metric and every member', async () => {
  const metrics = createTestMetrics({ only: counter('only_total', { help: 'Only' }) })
  const names = [metricsMetrics, defaultMetrics, storageMetrics].flatMap((catalog) =>
    Object.values(catalog).map(({ name }) => name),
  )
  const members = Object.keys(metrics).filter((member) => member !== 'only' && member !== 'instruments')

  expect(names.filter((name) => !readme.includes(`\`${name}`))).toEqual([])
  expect(members.filter((member) => !readme.includes(`\`${member}(`))).toEqual([])
  await metrics.close()
})
