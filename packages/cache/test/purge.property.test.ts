import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asTenant, connectCache } from './fixture.ts'

const text = fc.string({
  unit: fc.constantFrom(':', '{', '}', '%', '*', '#', '\0', 'a', '1', '\ud800', 'é'),
  minLength: 1,
  maxLength: 4,
})

describe('purge()', () => {
  test('purge() forgets all of one tenant and nothing of another', async () => {
    const cache = await connectCache()
    const loads: string[] = []
    const user = cache.define('user', {
      ttl: '1m',
      tags: () => ['t'],
      load: async (id: string, { tenant }) => {
        loads.push(tenant)
        return `${tenant}|${id}`
      },
    })
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.uniqueArray(text, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (a, b, ids, byTag) => {
          fc.pre(a !== b)
          const read = (tenant: string) => asTenant(tenant, () => user.getMany(ids))
          await Promise.all([read(a), read(b)])
          loads.length = 0

          await (byTag ? cache.for(a).invalidateTags('t') : cache.for(a).purge())
          expect(await read(b)).toEqual(ids.map((id) => `${b}|${id}`))
          expect(loads).toEqual([])
          expect(await read(a)).toEqual(ids.map((id) => `${a}|${id}`))

          expect(loads).toEqual(ids.map(() => a))
        },
      ),
      { numRuns: 60 },
    )
  })
})
