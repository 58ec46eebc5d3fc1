import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Held, ProcessTier } from '../src/process-tier.ts'

const held = (bytes: number): Held<unknown> => ({
  value: bytes,
  promise: Promise.resolve(bytes),
  token: 't',
  bytes,
  refreshAt: 0,
  freshUntil: 0,
  staleUntil: 0,
})

describe('ProcessTier', () => {
  test('put() never exceeds maxBytes and accounts for every byte, whatever is put, deleted and cleared', () => {
    const step = fc.record({
      kind: fc.constantFrom('put', 'put', 'put', 'delete', 'clear'),
      tenant: fc.constantFrom('a', 'b', 'c'),
      definition: fc.constantFrom('x', 'y'),
      id: fc.constantFrom('1', '2', '3', '4', '5'),
      bytes: fc.integer({ min: 0, max: 2_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tier = new ProcessTier(4_000)
        for (const { kind, tenant, definition, id, bytes } of steps) {
          if (kind === 'put') tier.put(definition, tenant, id, held(bytes))
          else if (kind === 'delete') tier.delete(definition, tenant, id)
          else tier.clearTenant(tenant)
          const partitions = ['x', 'y'].flatMap((name) => [...tier.partitionsOf(name).values()])

          expect(tier.bytes).toBeLessThanOrEqual(4_000)
          expect(tier.bytes).toBe(partitions.reduce((sum, one) => sum + one.calculatedSize, 0))
          expect(partitions.every(({ size }) => size > 0)).toBe(true)
        }
        tier.clear()
        expect([tier.bytes, tier.size]).toEqual([0, 0])
      }),
    )
  })

  test('put() never evicts a tenant that has less than its fair share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 50, max: 200 }), (small, flood) => {
        const tier = new ProcessTier(10_000)
        for (let i = 0; i < small; i++) tier.put('x', 'modest', String(i), held(200))
        for (let i = 0; i < flood; i++) tier.put('x', 'greedy', String(i), held(200))

        expect(tier.partitionsOf('x').get('modest')?.size).toBe(small)
      }),
    )
  })
})
