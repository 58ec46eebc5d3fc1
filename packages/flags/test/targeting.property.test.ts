/** The promises of a percentage: the share is met, growth takes nobody out, flags do not follow each other. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, createRule } from '../src/targeting.ts'

const IDS = 10_000
const name = fc.stringMatching(/^[a-z]{1,12}(-[a-z0-9]{1,8})?$/)

/** Deviation of `hits` of {@link IDS} from a share, in standard deviations. */
function sigmas(hits: number, share: number): number {
  return Math.abs(hits - IDS * share) / Math.sqrt(IDS * share * (1 - share))
}

test.each([1, 5, 10, 25, 50, 75, 99])('createRule() gives a flag to %i %% of users within 3 sigma', (percentage) => {
  for (const prefix of ['', 'user-', 'a3f0-', '0000000000']) {
    const rule = createRule('new-checkout', { enabled: true, percentage })
    const hits = Array.from({ length: IDS }, (_, i) => rule.valueFor({ userId: `${prefix}${i}` })).filter(
      Boolean,
    ).length

    expect(sigmas(hits, percentage / 100), `${prefix} ${hits}`).toBeLessThan(3)
  }
})

test('createRule() keeps everybody it was given to when the percentage grows', () => {
  fc.assert(
    fc.property(
      name,
      fc.string(),
      fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true })),
      (flag, userId, shares) => {
        const [less, more] = shares.toSorted((a, b) => a - b) as [number, number]
        const inAt = (percentage: number) =>
          createRule(flag, { enabled: true, percentage }).valueFor({ userId }) === true

        expect(!inAt(less) || inAt(more)).toBe(true)
      },
    ),
  )
})

test('createRule() gives 0 % to nobody and 100 % to everybody', () => {
  fc.assert(
    fc.property(name, fc.option(fc.string(), { nil: undefined }), (flag, userId) => {
      expect(createRule(flag, { enabled: true, percentage: 0 }).valueFor({ userId })).toBeUndefined()
      expect(createRule(flag, { enabled: true, percentage: 100 }).valueFor({ userId })).toBe(true)
    }),
  )
})

test('bucketOf() is from 0 up to 100 and the same each time', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), (flag, id) => {
      const bucket = bucketOf(flag, id)

      expect(bucket).toBeGreaterThanOrEqual(0)
      expect(bucket).toBeLessThan(100)
      expect(bucketOf(flag, id)).toBe(bucket)
    }),
  )
})

test('bucketOf() of two flags is independent: whoever is in one half is in the other by chance', () => {
  const both = Array.from({ length: IDS }, (_, i) => `user-${i}`).filter(
    (id) => bucketOf('flag-a', id) < 50 && bucketOf('flag-b', id) < 50,
  )

  expect(sigmas(both.length, 0.25)).toBeLessThan(3)
})

test('bucketOf() stays where it was in every version: moving it would move users between rollouts', () => {
  expect(['u-1', 'u-2', 'é'].map((id) => bucketOf('new-checkout', id).toFixed(4))).toMatchInlineSnapshot(`
    [
      "85.9063",
      "5.7788",
      "30.2345",
    ]
  `)
})
