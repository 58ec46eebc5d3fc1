import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CALM, type LoopSample, nextOverload, type OverloadState, resolveOverload } from '../src/overload.ts'

const at = resolveOverload({})
const hot = (delayMs: number): LoopSample => ({ utilization: 1, delayMs })
const idle: LoopSample = { utilization: 0.1, delayMs: 1 }
const levels = (samples: readonly LoopSample[]) => {
  let state = CALM
  return samples.map((sample) => (state = nextOverload(state, sample, at)).level)
}

describe('nextOverload()', () => {
  it('nextOverload() stays calm when one block of five seconds passes', () => {
    expect(levels([idle, hot(1000), idle, hot(1000), idle])).toEqual([0, 0, 0, 0, 0])
  })

  it('nextOverload() stays calm when the loop is busy but on time', () => {
    expect(levels(Array(20).fill({ utilization: 1, delayMs: 40 }))).toEqual(Array(20).fill(0))
  })

  it('nextOverload() sheds more the later the loop is, and one priority less every second calm sample', () => {
    const samples = [hot(100), hot(100), hot(250), hot(250), hot(900), hot(900), idle, idle, idle, idle, idle, idle]

    expect(levels(samples)).toEqual([0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0])
  })

  it('nextOverload() changes its level at most every second sample, rises only when hot and falls only when calm, for any samples', () => {
    const sample = fc.record({ utilization: fc.double({ min: 0, max: 1, noNaN: true }), delayMs: fc.nat(1000) })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 80 }), (samples) => {
        let state: OverloadState = CALM
        let sinceChange = Infinity
        for (const one of samples) {
          const next = nextOverload(state, one, at)
          sinceChange++
          if (next.level > state.level) expect(one.utilization >= 0.95 && one.delayMs >= 100).toBe(true)
          if (next.level < state.level) {
            expect(state.level - next.level).toBe(1)
            expect(one.utilization < 0.85 || one.delayMs < 50).toBe(true)
          }
          if (next.level !== state.level) {
            expect(sinceChange).toBeGreaterThanOrEqual(2)
            sinceChange = 0
          }
          state = next
        }
      }),
    )
  })
})

describe('resolveOverload()', () => {
  it.each([{ enterUtilization: 1.2 }, { leaveUtilization: 0.99 }, { enterDelayMs: 0 }, { leaveDelayMs: 500 }])(
    'resolveOverload() refuses %o',
    (options) => {
      expect(() => resolveOverload(options)).toThrow(RangeError)
    },
  )
})
