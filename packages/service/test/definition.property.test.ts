import { defineConfig, setting } from '@ops/config'
import { DURATION_BUCKETS } from '@ops/core'
import { defineService, type Feature } from '@ops/service'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'

const settings = defineConfig({ URL: setting(z.string(), 'An address') })
const feature: Feature = {
  name: 'checkout',
  routes: ['/orders*'],
  slo: 0.999,
  errors: { warn: 0.01, critical: 0.05 },
  p95Ms: 500,
  p99Ms: 2000,
}
const define = (change: object) => () =>
  defineService({ name: 'orders', owner: 'team', tier: 1, settings, features: [feature], ...change })

test('defineService() accepts a threshold exactly when it is a bucket edge', () => {
  const edges = DURATION_BUCKETS.map((seconds) => seconds * 1000)
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 1, max: 12_000 })), (p99Ms) => {
      const declare = define({ features: [{ ...feature, p99Ms }] })

      if (edges.includes(p99Ms)) expect(declare).not.toThrow()
      else expect(declare).toThrow(/expected an edge/)
    }),
  )
})
