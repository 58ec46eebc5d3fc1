import { defineConfig, setting } from '@ops/config'
import { isOpsError } from '@ops/core'
import { defineService, type Feature } from '@ops/service'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createFeatureOf } from '../src/feature-of.ts'

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

describe('defineService()', () => {
  test('defineService() starts nothing and says so when its parts are asked for', () => {
    const service = define({})()

    expect(service.definition.name).toBe('orders')
    try {
      service.ops
      expect.unreachable()
    } catch (error) {
      expect(isOpsError(error, 'OPS_SERVICE_NOT_RUNNING')).toBe(true)
    }
  })

  test.each([
    [{ name: 'Orders' }, /service "Orders": expected a name/],
    [{ tier: 4 }, /tier is 4, expected 1, 2 or 3/],
    [
      { dependencies: { db: { kind: 'postgres', setting: 'NOPE' } } },
      /dependency db reads NOPE, expected a declared setting/,
    ],
    [{ features: [{ ...feature, routes: [] }] }, /has no routes/],
    [{ features: [{ ...feature, slo: 1 }] }, /slo is 1, expected above 0 and below 1/],
    [{ features: [{ ...feature, errors: { warn: 0.1, critical: 0.05 } }] }, /expected 0 < warn < critical/],
    [{ features: [{ ...feature, p95Ms: 300 }] }, /p95Ms is 300, expected an edge of the duration buckets: 250 or 500/],
    [{ caches: [{ name: 'order' }] }, /cache "order", expected <cache name>\.<definition>/],
    [{ caches: [{ name: 'orders.order' }, { name: 'orders.order' }] }, /cache "orders.order" is declared twice/],
    [{ caches: [{ name: 'orders.order', minHitRatio: 1 }] }, /minHitRatio is 1, expected above 0 and below 1/],
  ])('defineService() throws when given %o', (change, message) => {
    expect(define(change)).toThrow(message)
  })
})

describe('createFeatureOf()', () => {
  test('createFeatureOf() gives a route to the first feature that claims it, else to default', () => {
    const featureOf = createFeatureOf([feature, { ...feature, name: 'all', routes: ['/exact'] }])

    expect(['/orders', '/orders/:id', '/exact', '/exact/more', '__unmatched__'].map(featureOf)).toEqual([
      'checkout',
      'checkout',
      'all',
      'default',
      'default',
    ])
  })
})
