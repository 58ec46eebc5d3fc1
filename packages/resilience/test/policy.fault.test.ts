/** What a policy makes of a dependency that is slow, fails, flaps, or never answers. */
import { createContext, runInContext } from '@ops/core'
import { createTestClock, createTestRandom, recordMetrics, type TestClock } from '@ops/testing'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { createPolicy, type PolicyOptions } from '../src/index.ts'
import { createChaos } from '../src/testing/index.ts'

let clock: TestClock
beforeEach(() => {
  clock = createTestClock()
})

function setup(options: Partial<PolicyOptions> = {}) {
  const metrics = recordMetrics()
  const random = createTestRandom(7)
  const chaos = createChaos({ random })
  const protect = createPolicy({ name: 'ledger', clock, random, meter: metrics.meter, ...options })
  const call = chaos.wrap(async (_: { signal: AbortSignal }) => 'answer')
  return { metrics, chaos, protect, call }
}

test('createPolicy() throws PolicyTimeoutError and aborts the work when the dependency hangs', async () => {
  const { protect, chaos, call, metrics } = setup({ timeoutMs: 800 })
  let signal: AbortSignal | undefined
  chaos.hangNext(1)

  const answer = protect((attempt) => {
    signal = attempt.signal
    return call(attempt)
  })
  const failed = expect(answer).rejects.toMatchObject({ code: 'OPS_RESILIENCE_TIMEOUT' })
  await clock.advance(800)
  await failed

  expect(signal?.aborted).toBe(true)
  expect(metrics.value('resilience_calls_total', { outcome: 'timeout' })).toBe(1)
  expect(metrics.value('dependency_up')).toBe(0)
  expect(clock.pendingTimers).toBe(0)
})

test('createPolicy() answers in time when the work ignores its signal', async () => {
  const { protect } = setup({ timeoutMs: 800 })

  const failed = expect(protect(() => new Promise(() => {}))).rejects.toMatchObject({ code: 'OPS_RESILIENCE_TIMEOUT' })
  await clock.advance(800)

  await failed
})

test('createPolicy() never outlives the deadline of the context, however many retries are left', async () => {
  const { protect, chaos, call } = setup({ attemptTimeoutMs: 400, retry: { retries: 10, baseMs: 10 } })
  const context = createContext({ deadline: clock.monotonic() + 1000 })
  chaos.hangNext(20)

  const failed = expect(runInContext(context, () => protect(call))).rejects.toMatchObject({
    code: 'OPS_RESILIENCE_TIMEOUT',
  })
  await clock.advance(1000)
  await failed

  expect(chaos.calls).toBe(3)
  await expect(runInContext(context, () => protect(call))).rejects.toMatchObject({ code: 'OPS_RESILIENCE_TIMEOUT' })
  expect(chaos.calls).toBe(3)
})

test('createPolicy() stops at once and does not retry when the caller aborts in the middle of a backoff', async () => {
  const { protect, chaos, call, metrics } = setup({ retry: { baseMs: 60_000, maxMs: 60_000 }, breaker: {} })
  const abort = new AbortController()
  chaos.failNext(5)

  const failed = expect(protect(call, { signal: abort.signal })).rejects.toThrow('enough')
  await clock.waitForTimers(1)
  abort.abort(new Error('enough'))
  await failed

  expect(chaos.calls).toBe(1)
  expect(metrics.value('resilience_calls_total', { outcome: 'aborted' })).toBe(1)
  expect(clock.pendingTimers).toBe(0)
})

test('createPolicy() says nothing about the dependency when the context is aborted during an attempt', async () => {
  const { protect, chaos, call, metrics } = setup({ retry: {}, breaker: { minimumCalls: 1 }, timeoutMs: 500 })
  const context = createContext()
  chaos.hangNext(1)

  const failed = expect(runInContext(context, () => protect(call))).rejects.toThrow('client gone')
  await clock.waitForTimers(1)
  context.abort(new Error('client gone'))
  await failed

  expect(chaos.calls).toBe(1)
  expect(protect.state).toBe('closed')
  expect(metrics.value('dependency_up')).toBeUndefined()
})

test('createPolicy() throws the reason when the signal was aborted before', async () => {
  const { protect, chaos, call } = setup({})

  await expect(protect(call, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')

  expect(chaos.calls).toBe(0)
})

test('createPolicy() opens when the dependency fails, samples after openMs and closes when the samples succeed', async () => {
  const { protect, chaos, call, metrics } = setup({ breaker: { minimumCalls: 4, openMs: 5000, samples: 2 } })
  chaos.failNext(4)
  for (let i = 0; i < 4; i++) await expect(protect(call)).rejects.toThrow('chaos')

  await expect(protect(call)).rejects.toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN', retryAfterMs: 5000 })
  await metrics.collect()
  expect(metrics.value('breaker_state', { policy: 'ledger' })).toBe(2)
  expect(metrics.value('resilience_calls_total', { outcome: 'circuit_open' })).toBe(1)
  await clock.advance(5000)
  expect(protect.state).toBe('half-open')
  await protect(call)
  await protect(call)

  expect(protect.state).toBe('closed')
  expect(chaos.calls).toBe(6)
})

test('createPolicy() opens again at the first bad sample when the dependency still fails', async () => {
  const { protect, chaos, call } = setup({ breaker: { minimumCalls: 1, openMs: 1000, samples: 3 } })
  chaos.failNext(2)
  await expect(protect(call)).rejects.toThrow('chaos')
  await clock.advance(1000)

  await expect(protect(call)).rejects.toThrow('chaos')

  await expect(protect(call)).rejects.toMatchObject({ retryAfterMs: 1000 })
})

test('createPolicy() lets no more calls through half-open than it samples when many wait', async () => {
  const { protect, chaos, call } = setup({ breaker: { minimumCalls: 1, openMs: 1000, samples: 2 }, timeoutMs: 100 })
  chaos.failNext(1)
  await expect(protect(call)).rejects.toThrow('chaos')
  await clock.advance(1000)
  chaos.hangNext(2)

  const calls = Promise.allSettled(Array.from({ length: 50 }, () => protect(call)))
  await clock.advance(100)
  await calls

  expect(chaos.calls).toBe(3)
  expect(protect.state).toBe('open')
})

test('createPolicy() recovers within openMs when the wall clock is set back while the breaker is open', async () => {
  const { protect, chaos, call } = setup({ breaker: { minimumCalls: 1, openMs: 1000, samples: 1 } })
  chaos.failNext(1)
  await expect(protect(call)).rejects.toThrow('chaos')

  clock.jump(-3_600_000)
  await clock.advance(1000)

  expect(await protect(call)).toBe('answer')
})

test('createPolicy() does the same whichever way and however far the wall clock jumps', async () => {
  const stories = fc.array(fc.record({ fails: fc.boolean(), waitMs: fc.integer({ min: 1, max: 600 }) }), {
    maxLength: 30,
  })
  const jumps = fc.array(fc.integer({ min: -1e12, max: 1e12 }), { minLength: 1, maxLength: 5 })
  /** How each call ends, with the clock jumping before it. */
  const tell = async (story: readonly { fails: boolean; waitMs: number }[], jumpsMs: readonly number[]) => {
    clock = createTestClock()
    const breaker = { minimumCalls: 3, openMs: 1_000, windowMs: 2_000, samples: 1 }
    const { protect, chaos, call } = setup({ timeoutMs: 400, retry: { retries: 1, baseMs: 50 }, breaker })
    const ends: string[] = []
    for (const [at, { fails, waitMs }] of story.entries()) {
      clock.jump(jumpsMs[at % jumpsMs.length] ?? 0)
      if (fails) chaos.failNext(2)
      const ended = protect(call).then(String, ({ code, message }) => String(code ?? message))
      await clock.advance(waitMs)
      void ended.then((end) => ends.push(`${at} ${end}`))
    }
    await clock.advance(1_000)
    return { ends, calls: chaos.calls, state: protect.state }
  }

  await fc.assert(
    fc.asyncProperty(stories, jumps, async (story, jumpsMs) => {
      expect(await tell(story, jumpsMs)).toEqual(await tell(story, [0]))
    }),
    { numRuns: 50 },
  )
})

test('createPolicy() gives up waiting for a place when the time is up, and the place goes to the next', async () => {
  const { protect } = setup({ bulkhead: { concurrent: 1, queue: 2 }, timeoutMs: 100 })
  const held = Promise.withResolvers<void>()
  const first = Promise.allSettled([protect(() => held.promise)])
  const abort = new AbortController()
  const impatient = expect(protect(() => {}, { signal: abort.signal })).rejects.toThrow('enough')
  const late = expect(protect(() => {})).rejects.toMatchObject({ code: 'OPS_RESILIENCE_TIMEOUT' })

  abort.abort(new Error('enough'))
  await impatient
  await clock.advance(100)
  await late
  await first

  expect(await protect(() => 'in')).toBe('in')
})

test('createPolicy() keeps a flapping dependency usable when failures stay below the ratio', async () => {
  const { protect, chaos, call } = setup({ breaker: { minimumCalls: 10, failureRatio: 0.5 }, retry: { baseMs: 0 } })
  chaos.failAtRatio(0.2)

  let failed = 0
  for (let i = 0; i < 200; i++) {
    void protect(call).catch(() => failed++)
    await clock.advance(10)
  }

  expect(protect.state).toBe('closed')
  expect(failed).toBeLessThan(20)
})
