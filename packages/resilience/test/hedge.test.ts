/** Hedging: who is asked twice, who wins, and what it costs. */
import { createTestClock, createTestRandom, recordMetrics } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createPolicy,
  createRetryBudget,
  type PolicyAttempt,
  type PolicyOptions,
  standardPipeline,
} from '../src/index.ts'

function setup(options: Partial<PolicyOptions> = {}) {
  const clock = createTestClock()
  const metrics = recordMetrics()
  const ports = { clock, random: createTestRandom(1), meter: metrics.meter }
  const protect = createPolicy({
    name: 'search',
    attemptTimeoutMs: 1_000,
    hedge: { afterMs: 50 },
    ...ports,
    ...options,
  })
  return { clock, metrics, protect, ports }
}

/** Work whose sendings take the given times, and who of them was aborted. */
function taking(clock: ReturnType<typeof createTestClock>, ...timesMs: (number | Error)[]) {
  const aborted: number[] = []
  let sent = 0
  const work = ({ signal }: PolicyAttempt) =>
    new Promise<number>((resolve, reject) => {
      const own = sent++
      const time = timesMs[own] ?? 0
      signal.addEventListener('abort', () => aborted.push(own))
      if (time instanceof Error) reject(time)
      else clock.setTimeout(() => resolve(own), time)
    })
  return { work, aborted, sent: () => sent }
}

test('createPolicy() takes the second answer and aborts the first sending when the first is slow', async () => {
  const { clock, metrics, protect } = setup()
  const { work, aborted } = taking(clock, 500, 10)

  const answer = protect(work)
  await clock.advance(60)

  expect(await answer).toBe(1)
  expect(aborted).toEqual([0])
  expect(metrics.value('resilience_hedges_total', { policy: 'search', result: 'won' })).toBe(1)
  expect(metrics.value('resilience_calls_total', { policy: 'search', outcome: 'success' })).toBe(1)
})

test('createPolicy() sends once when the answer comes in time', async () => {
  const { clock, protect } = setup()
  const { work, sent } = taking(clock, 49)

  const answer = protect(work)
  await clock.advance(1_000)

  expect([await answer, sent(), clock.pendingTimers]).toEqual([0, 1, 0])
})

test('createPolicy() keeps the first answer when the hedge is slower, and says the hedge was lost', async () => {
  const { clock, metrics, protect } = setup()
  const { work, aborted } = taking(clock, 60, 500)

  const answer = protect(work)
  await clock.advance(60)

  expect(await answer).toBe(0)
  expect(aborted).toEqual([1])
  expect(metrics.value('resilience_hedges_total', { policy: 'search', result: 'lost' })).toBe(1)
})

test('createPolicy() waits for the slow sending when its hedge fails, and fails when both do', async () => {
  const { clock, protect } = setup()
  const one = taking(clock, 100, new Error('no'))
  const answer = protect(one.work)
  await clock.advance(100)
  expect(await answer).toBe(0)

  const both = taking(clock, 2_000, new Error('no'))
  const failed = expect(protect(both.work)).rejects.toMatchObject({ code: 'OPS_RESILIENCE_TIMEOUT' })
  await clock.advance(1_000)
  await failed
})

test('createPolicy() does not hedge when the budget is used up, and counts that', async () => {
  const clock = createTestClock()
  const budget = createRetryBudget({ ratio: 0, minPerSecond: 0, clock })
  const { metrics, protect } = setup({ clock, retry: { retries: 0, budget } })
  const { work, sent } = taking(clock, 100)

  const answer = protect(work)
  await clock.advance(100)

  expect([await answer, sent()]).toEqual([0, 1])
  expect(metrics.value('resilience_retry_budget_exhausted_total', { policy: 'search' })).toBe(1)
})

test('createPolicy() does not hedge when its breaker samples', async () => {
  const { clock, protect } = setup({ breaker: { minimumCalls: 1, openMs: 1_000 } })
  await expect(protect(taking(clock, new Error('no')).work)).rejects.toThrow('no')
  await clock.advance(1_000)
  const { work, sent } = taking(clock, 100)

  const answer = protect(work)
  await clock.advance(100)

  expect([await answer, sent()]).toEqual([0, 1])
})

test('createPolicy() gives up both sendings when the caller aborts', async () => {
  const { clock, protect } = setup()
  const caller = new AbortController()
  const { work, aborted } = taking(clock, 500, 500)

  const answer = protect(work, { signal: caller.signal })
  const failed = expect(answer).rejects.toThrow('gone')
  await clock.advance(60)
  caller.abort(new Error('gone'))

  await failed
  expect(aborted.sort()).toEqual([0, 1])
})

test('createPolicy() never sends more than calls and budget allow, whatever the dependency does', async () => {
  const time = fc.oneof(fc.integer({ min: 0, max: 900 }), fc.constant(new Error('no')))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(time, fc.nat(40)), { minLength: 1, maxLength: 60 }), async (calls) => {
      const clock = createTestClock()
      const budget = createRetryBudget({ ratio: 0.2, minPerSecond: 0, clock })
      const { protect } = setup({ clock, retry: { retries: 2, baseMs: 1, maxMs: 5, budget } })
      let sent = 0
      for (const [ms, gapMs] of calls) {
        const { work } = taking(clock, ms, ms, ms, ms)
        const counted = (attempt: PolicyAttempt) => {
          sent++
          return work(attempt)
        }
        void protect(counted).catch(() => {})
        await clock.advance(gapMs)
      }
      await clock.advance(4_000)

      expect(sent).toBeLessThanOrEqual(calls.length * 1.2)
    }),
    { numRuns: 25 },
  )
})

test('standardPipeline() hedges calls that may be repeated, and no others', async () => {
  const { clock, ports } = setup()
  const execute = standardPipeline({ attemptTimeoutMs: 500, totalTimeoutMs: 1_000, hedge: { afterMs: 50 } }).policy({
    name: 'search',
    ...ports,
  })
  const send = (method: string) => {
    const attempts: unknown[] = []
    const answer = execute({
      ...{ method, headers: new Headers(), replayable: true, signal: undefined },
      send: (attempt) => {
        attempts.push({ number: attempt.number, timeoutMs: attempt.timeoutMs, hedge: attempt.hedge })
        return new Promise((resolve) => clock.setTimeout(() => resolve(new Response()), 100))
      },
    })
    return { answer, attempts }
  }
  const [get, post] = [send('GET'), send('POST')]
  await clock.advance(100)

  expect([(await get.answer).status, (await post.answer).status]).toEqual([200, 200])
  expect(get.attempts).toEqual([
    { number: 1, timeoutMs: 500, hedge: undefined },
    { number: 1, timeoutMs: 450, hedge: true },
  ])
  expect(post.attempts).toHaveLength(1)
})

test.each([
  [{ hedge: { afterMs: 0 } }, 'hedge.afterMs is 0'],
  [{ hedge: { afterMs: 1_000 } }, 'hedge.afterMs is 1000, expected below the time of an attempt (1000)'],
])('createPolicy() throws when given %o', (wrong, message) => {
  expect(() => setup(wrong)).toThrow(message)
})
