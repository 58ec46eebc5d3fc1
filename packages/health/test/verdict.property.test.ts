import { createTestRandom } from '@ops/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge, judgeStale, UNKNOWN, type Verdict } from '../src/verdict.ts'

const policy = { downAfter: 3, upAfter: 2, holdMs: 5000 }

function run(results: readonly boolean[], stepMs: number, rules = policy): Verdict[] {
  let verdict = UNKNOWN
  return results.map((ok, i) => (verdict = judge(verdict, ok, i * stepMs, rules)))
}

function flips(statuses: readonly string[]): number {
  return statuses.filter((status, i) => i > 0 && status !== statuses[i - 1]).length
}

describe('judge()', () => {
  it('judge() turns unknown up at the first success when nothing was known', () => {
    expect(judge(UNKNOWN, true, 0, policy).status).toBe('up')
  })

  it('judge() turns unknown down after exactly three failures when it never succeeded', () => {
    expect(run([false, false, false], 1).map(({ status }) => status)).toEqual(['unknown', 'unknown', 'down'])
  })

  it('judge() turns down after exactly three failures when it was up', () => {
    const statuses = run([true, false, false, false], 10_000).map(({ status }) => status)

    expect(statuses).toEqual(['up', 'up', 'up', 'down'])
  })

  it('judge() turns up after exactly two successes when it was down', () => {
    const statuses = run([true, false, false, false, true, true], 10_000).map(({ status }) => status)

    expect(statuses.slice(3)).toEqual(['down', 'down', 'up'])
  })

  it('judge() keeps a status for the hold when results turn at once', () => {
    const statuses = run([true, false, false, false, false, false, false], 1000).map(({ status }) => status)

    expect(statuses).toEqual(['up', 'up', 'up', 'up', 'up', 'down', 'down'])
  })

  it('judgeStale() is down whatever came before', () => {
    expect(judgeStale(7)).toEqual({ status: 'down', sinceMs: 7, against: 0 })
  })

  it('judge() flaps at most a tenth as often as an undamped check when 30 % of its results fail at random', () => {
    const random = createTestRandom(42)
    const results = Array.from({ length: 50_000 }, () => random.next() >= 0.3)

    const damped = flips(run(results, 10_000).map(({ status }) => status))

    expect(damped).toBeGreaterThan(0)
    expect(damped / flips(results.map(String))).toBeLessThanOrEqual(0.1)
  })

  it('judge() changes only against enough results in a row and after the hold, for any results', () => {
    const rules = fc.record({
      downAfter: fc.integer({ min: 1, max: 5 }),
      upAfter: fc.integer({ min: 1, max: 5 }),
      holdMs: fc.integer({ min: 0, max: 5000 }),
    })
    fc.assert(
      fc.property(
        rules,
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 3000 }),
        (by, all, ms) => {
          const verdicts = run(all, ms, by)
          for (const [i, verdict] of verdicts.entries()) {
            const before = verdicts[i - 1] ?? UNKNOWN
            if (verdict.status === before.status) continue
            const needed = verdict.status === 'down' ? by.downAfter : before.status === 'unknown' ? 1 : by.upAfter
            expect(all.slice(i + 1 - needed, i + 1)).toEqual(Array(needed).fill(verdict.status === 'up'))
            expect(i * ms - before.sinceMs).toBeGreaterThanOrEqual(by.holdMs)
            expect(verdict.status).not.toBe('unknown')
          }
        },
      ),
    )
  })
})
