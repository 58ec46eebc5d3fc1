import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { DECISIONS } from '../src/decision.ts'
import { DROP_REASONS } from '../src/limits.ts'
import { tracingMetrics } from '../src/metrics.ts'
import { SAMPLING_PRESETS } from '../src/options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('README.md has samples that run', async () => {
  const [, sample] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
  const file = new URL('./readme-sample.generated.ts', import.meta.url)
  writeFileSync(file, `${sample}\nexport { price }\n`)
  onTestFinished(() => rmSync(file))

  expect(await import(file.href)).toMatchObject({ price: 42 })
})

test('README.md names every metric and label value', () => {
  const facts = [
    ...Object.values(tracingMetrics).map((metric) => metric.name),
    ...DROP_REASONS,
    ...DECISIONS,
    ...Object.values(SAMPLING_PRESETS).map(String),
  ]

  for (const fact of facts) expect(readme).toContain(fact)
})
