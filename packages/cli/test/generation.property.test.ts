import { DURATION_BUCKETS } from '@ops/core'
import { defineService } from '@ops/service'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertsOf } from '../src/alerts/alerts.ts'
import { generateArtefacts } from '../src/artefacts.ts'
import { edgeMatcher, expressionProblems } from '../src/expression.ts'
import { keepHandWritten, keptBlock } from '../src/runbooks/hand-written.ts'
import { createSubject } from '../src/subject.ts'
import { fullSubject } from './subject.fixture.ts'

const features = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z]{3,8}$/).filter((name) => name !== 'default'),
    slo: fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
    warn: fc.double({ min: 0.0001, max: 0.4, noNaN: true }),
    edges: fc.tuple(fc.constantFrom(...DURATION_BUCKETS), fc.constantFrom(...DURATION_BUCKETS)),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
)

test('generateArtefacts() gives the same bytes and sound expressions when given the same declaration', async () => {
  await fc.assert(
    fc.asyncProperty(features, async (drawn) => {
      const service = defineService({
        name: 'shop',
        owner: 'team-shop',
        tier: 2,
        settings: {},
        features: drawn.map(({ name, slo, warn, edges: [p95, p99] }) => {
          const errors = { warn, critical: warn * 2 }
          return { name, slo, routes: [`/${name}`], errors, p95Ms: p95 * 1000, p99Ms: p99 * 1000 }
        }),
      })

      const subject = await createSubject(service.definition)
      const alerts = Object.values(alertsOf(subject)).flat()

      expect(alerts.flatMap(({ expr }) => expressionProblems(expr, subject.metrics))).toEqual([])
      const again = await createSubject(service.definition)
      expect(generateArtefacts(again).map(({ text }) => text)).toEqual(
        generateArtefacts(subject).map(({ text }) => text),
      )
    }),
    { numRuns: 25 },
  )
})

test('edgeMatcher() is read back as the edge when it stands in an expression', async () => {
  const { metrics } = await fullSubject()

  for (const edge of DURATION_BUCKETS) {
    expect(expressionProblems(`http_request_duration_seconds_bucket{${edgeMatcher(edge)}}`, metrics)).toEqual([])
  }
})

test('keepHandWritten() keeps what people wrote, whatever the generated parts become', () => {
  const prose = fc.string({ unit: 'binary' }).filter((text) => !/<!-- (?:keep|end)/.test(text))
  fc.assert(
    fc.property(prose, prose, fc.string(), fc.string(), (first, second, before, after) => {
      const existing = `old\n${keptBlock('causes', first)}\nmiddle\n${keptBlock('history', second)}\n`
      const generated = `${before}\n${keptBlock('causes', 'none')}\n${after}\n${keptBlock('history', 'none')}\n`

      const merged = keepHandWritten(generated, existing, 'page.md')

      expect(merged).toBe(`${before}\n${keptBlock('causes', first)}\n${after}\n${keptBlock('history', second)}\n`)
      expect(keepHandWritten(generated, merged, 'page.md')).toBe(merged)
    }),
  )
})
