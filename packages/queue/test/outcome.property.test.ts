import { createTestRandom } from '@ops/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs } from '../src/backoff.ts'
import { fingerprintOf, recordError } from '../src/error-record.ts'
import { InvalidPayloadError, JobAbortError, permanent, retryAfter } from '../src/errors.ts'
import { decideOutcome } from '../src/outcome.ts'
import { Solitude } from '../src/solitude.ts'
import { checkLedger } from '../src/testing/index.ts'

const retry = { attempts: 5, baseMs: 100, capMs: 10_000, withinMs: 86_400_000 }

describe('backoffMs()', () => {
  test('backoffMs() stays between 0 and the doubled base, capped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 1e6 }), (failures, seed) => {
        const wait = backoffMs(failures, retry, createTestRandom(seed))
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.min(retry.capMs, retry.baseMs * 2 ** (failures - 1)))
      }),
    )
  })
})

describe('decideOutcome()', () => {
  const standing = fc.record({
    failures: fc.nat(10),
    throttles: fc.nat(200),
    ageMs: fc.nat(200_000_000),
    random: fc.nat(1e6).map(createTestRandom),
  })

  test('decideOutcome() charges nothing for a shutdown, a lost lock or a throttle within its budget', () => {
    fc.assert(
      fc.property(standing, (now) => {
        expect(decideOutcome(new JobAbortError('j', 'shutdown'), { retry }, now).kind).toBe('release')
        expect(decideOutcome(new JobAbortError('j', 'lock_lost'), { retry }, now).kind).toBe('discard')
        const throttled = decideOutcome(retryAfter(1_000), { retry }, { ...now, throttles: 3, ageMs: 0 })
        expect(throttled).toMatchObject({ kind: 'release', reason: 'throttled' })
      }),
    )
  })

  test('decideOutcome() retries nothing that cannot help, nor beyond attempts or window, whatever is thrown', () => {
    fc.assert(
      fc.property(standing, fc.anything(), (now, thrown) => {
        expect(decideOutcome(permanent(thrown instanceof Error ? thrown : 'x'), { retry }, now).kind).toBe('dead')
        expect(decideOutcome(new InvalidPayloadError('j', 'x'), { retry }, now)).toMatchObject({ verdict: 'invalid' })
        const outcome = decideOutcome(thrown, { retry }, now)
        const spent = now.failures + 1 >= retry.attempts || now.ageMs > retry.withinMs
        if (spent) expect(outcome).toMatchObject({ kind: 'dead', verdict: 'exhausted' })
        if (outcome.kind === 'retry') expect(outcome.delayMs + now.ageMs).toBeLessThanOrEqual(retry.withinMs)
      }),
    )
  })
})

describe('recordError()', () => {
  test('recordError() is bounded and JSON-safe for anything thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        const error = new Error('x'.repeat(5_000), { cause: thrown })
        expect(JSON.stringify(recordError(error)).length).toBeLessThan(40_000)
        expect(recordError(thrown).length).toBeGreaterThan(0)
      }),
    )
  })

  test('fingerprintOf() is equal for messages that differ in numbers only', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        const of = (n: number) => fingerprintOf('j', 'exhausted', recordError(new Error(`order ${n} failed`)))
        expect(of(a)).toBe(of(b))
      }),
    )
  })
})

describe('Solitude', () => {
  test('never lets a suspect run beside anything, and lets everybody run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (suspects) => {
        const solitude = new Solitude()
        const running = { shared: 0, alone: 0 }
        const turn = () => new Promise((resolve) => setImmediate(resolve))
        await Promise.all(
          suspects.map(async (suspect) => {
            if (suspect) await solitude.isolate()
            else if (solitude.held) await solitude.share()
            else solitude.enterShared()
            running[suspect ? 'alone' : 'shared']++
            expect(running.alone === 0 || (running.alone === 1 && running.shared === 0)).toBe(true)
            await turn()
            running[suspect ? 'alone' : 'shared']--
            if (suspect) solitude.leaveAlone()
            else solitude.leaveShared()
          }),
        )
        expect(running).toEqual({ shared: 0, alone: 0 })
      }),
      { numRuns: 50 },
    )
  })
})

describe('checkLedger()', () => {
  test('checkLedger() finds each planted fault', () => {
    const ids = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(ids, (enqueued) => {
        const [first = '', ...rest] = enqueued
        const starts = enqueued.map((id) => ({ id, fence: 1 }))
        expect(checkLedger({ enqueued, completed: enqueued, dead: [], starts }).holds).toBe(true)
        expect(checkLedger({ enqueued, completed: rest, dead: [], starts }).lost).toEqual([first])
        expect(checkLedger({ enqueued, completed: enqueued, dead: [first], starts }).twice).toEqual([first])
        expect(checkLedger({ enqueued: rest, completed: enqueued, dead: [], starts }).unknown).toEqual([first])
        expect(
          checkLedger({ enqueued, completed: enqueued, dead: [], starts: [...starts, { id: first, fence: 1 }] }),
        ).toMatchObject({ holds: false, excess: 1 })
      }),
    )
  })
})
