import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DECISIONS } from '../src/decision.ts'
import { DROP_REASONS } from '../src/limits.ts'
import { tracingMetrics } from '../src/metrics.ts'
import { SAMPLING_PRESETS } from '../src/options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('README.md names every metric and label value', () => {
  const facts = [
    ...Object.values(tracingMetrics).map((metric) => metric.name),
    ...DROP_REASONS,
    ...DECISIONS,
    ...Object.values(SAMPLING_PRESETS).map(String),
  ]

  for (const fact of facts) expect(readme).toContain(fact)
})
