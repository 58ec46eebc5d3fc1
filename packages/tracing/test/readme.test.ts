import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { DECISIONS } from '../src/decision.ts'
import { DEFAULT_LIMITS, DROP_REASONS } from '../src/limits.ts'
import { tracingMetrics } from '../src/metrics.ts'
import { resolveExport, SAMPLING_PRESETS } from '../src/options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('README.md has samples that run', async () => {
  const [, sample] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
  const file = new URL('./readme-sample.generated.ts', import.meta.url)
  writeFileSync(file, `${sample}\nexport { price }\n`)
  onTestFinished(() => rmSync(file))

  expect(await import(file.href)).toMatchObject({ price: 42 })
})

test('README.md names every metric, label value and default', () => {
  const spaced = (count: number) => (count >= 10_000 ? `${count / 1000} 000` : String(count))
  const facts = [
    ...Object.values(tracingMetrics).map((metric) => metric.name),
    ...DROP_REASONS,
    ...DECISIONS,
    ...Object.values(DEFAULT_LIMITS).map(spaced),
    ...Object.values(resolveExport()).map(spaced),
    ...Object.values(SAMPLING_PRESETS).map(String),
  ]

  for (const fact of facts) expect(readme).toContain(fact)
})
