import { trace } from '@opentelemetry/api'
import { createContext, currentContext, OpsError, runInContext, type WorkContext } from '@ops/core'
import { createTestClock, createTestRandom, recordMetrics, recordSpans, type TestClock } from '@ops/testing'
import { beforeEach, expect, test } from 'vitest'
import { createPolicy, createRetryBudget, describe as describePolicy, type PolicyOptions } from '../src/index.ts'
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
  const call = chaos.wrap(async ({ number }: { number: number; signal: AbortSignal }) => `answer ${number}`)
  return { metrics, chaos, protect, call }
}

test('createPolicy() returns what the work returns when all is well', async () => {
  const { protect, call, metrics } = setup({ timeoutMs: 800, breaker: {}, bulkhead: { concurrent: 1 }, retry: {} })

  expect(await protect(call)).toBe('answer 1')

  expect(metrics.value('resilience_calls_total', { policy: 'ledger', outcome: 'success' })).toBe(1)
  expect(metrics.observations('resilience_attempt_duration_seconds')).toEqual([0])
  expect(metrics.value('dependency_up', { dependency: 'ledger' })).toBe(1)
  expect(metrics.problems).toEqual([])
})

test('createPolicy() retries with a backoff below its ceiling when an attempt fails', async () => {
  const { protect, chaos, call, metrics } = setup({ retry: { retries: 2, baseMs: 100 } })
  chaos.failNext(2)
  const began = clock.monotonic()

  const answer = protect(call)
  await clock.advance(300)

  expect(await answer).toBe('answer 3')
  expect(clock.monotonic() - began).toBeLessThanOrEqual(300)
  expect(metrics.value('resilience_retries_total', { policy: 'ledger', reason: 'error' })).toBe(2)
})

test('createPolicy() notes each retry on the span of the unit', async () => {
  const { protect, chaos, call } = setup({ retry: { baseMs: 0 } })
  const recording = recordSpans()
  chaos.failNext(1)

  const span = trace.getTracer('test').startSpan('unit')
  const work = trace.setSpan(createContext(), span)
  const answer = runInContext(work as WorkContext, () => protect(call))
  await clock.advance(1)
  await answer
  span.end()

  expect(recording.spans[0]?.events.map(({ name }) => name)).toEqual(['retry'])
  recording.stop()
})

test('createPolicy() counts what its breaker gets into, and notes it with budget and refusals on the span of the unit', async () => {
  const budget = createRetryBudget({ ratio: 0, minPerSecond: 0, clock })
  const { protect, chaos, call, metrics } = setup({
    breaker: { minimumCalls: 2, openMs: 1_000, samples: 1 },
    retry: { budget },
  })
  const recording = recordSpans()
  const span = trace.getTracer('test').startSpan('unit')
  const attempt = () => runInContext(trace.setSpan(createContext(), span) as WorkContext, () => protect(call))
  chaos.failNext(3)

  for (let i = 0; i < 3; i++) await expect(attempt()).rejects.toThrow()
  await clock.advance(1_000)
  await expect(attempt()).rejects.toThrow('chaos')
  await clock.advance(1_000)
  await attempt()
  span.end()

  const transitions = (state: string) => metrics.value('breaker_transitions_total', { policy: 'ledger', state })
  expect([transitions('open'), transitions('half-open'), transitions('closed')]).toEqual([2, 2, 1])
  expect(recording.spans[0]?.events.map(({ name, attributes = {} }) => [name, ...Object.values(attributes)])).toEqual([
    ['budget-exhausted', 'ledger'],
    ['breaker', 'ledger', 'open'],
    ['budget-exhausted', 'ledger'],
    ['refused', 'ledger', 'circuit_open'],
    ['breaker', 'ledger', 'half-open'],
    ['breaker', 'ledger', 'open'],
    ['budget-exhausted', 'ledger'],
    ['breaker', 'ledger', 'half-open'],
    ['breaker', 'ledger', 'closed'],
  ])
  recording.stop()
})

test('createPolicy() throws the last error when all attempts failed', async () => {
  const { protect, chaos, call } = setup({ retry: { retries: 1, baseMs: 0 } })
  chaos.failNext(1, new Error('first'))
  chaos.failNext(1, new Error('last'))

  const answer = expect(protect(call)).rejects.toThrow('last')
  await clock.advance(1)
  await answer

  expect(chaos.calls).toBe(2)
})

test('createPolicy() does not retry an expected error, and takes it for an answer of a healthy dependency', async () => {
  const { protect, chaos, call, metrics } = setup({ retry: {}, breaker: { minimumCalls: 1 } })
  chaos.failNext(1, new OpsError('no such account', { code: 'LEDGER_UNKNOWN', expected: true }))

  await expect(protect(call)).rejects.toThrow('no such account')

  expect(chaos.calls).toBe(1)
  expect(protect.state).toBe('closed')
  expect(metrics.value('dependency_up')).toBe(1)
})

test('createPolicy() lets the queue in by order of arrival, and refuses whom it cannot hold', async () => {
  const { protect, metrics } = setup({ bulkhead: { concurrent: 1, queue: 2 } })
  const order: number[] = []
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>())
  const calls = gates.map(({ promise }, at) => protect(() => promise.then(() => void order.push(at))))

  await expect(protect(() => {})).rejects.toMatchObject({ code: 'OPS_RESILIENCE_BULKHEAD_FULL' })
  await metrics.collect()
  expect(metrics.value('bulkhead_in_use', { policy: 'ledger' })).toBe(1)
  for (const { resolve } of gates.toReversed()) resolve()
  await Promise.all(calls)

  expect(order).toEqual([0, 1, 2])
  await metrics.collect()
  expect(metrics.value('bulkhead_in_use', { policy: 'ledger' })).toBe(0)
})

test('createPolicy() hands the nearer deadline and its signal to the context of the work', async () => {
  const { protect } = setup({ timeoutMs: 800 })
  const deadline = clock.monotonic() + 300

  const seen = await runInContext(createContext({ deadline }), () =>
    protect(({ signal, timeoutMs }) => ({ timeoutMs, same: currentContext()?.signal === signal })),
  )
  const alone = await runInContext(createContext(), () => protect(() => currentContext()?.deadline))

  expect(seen).toEqual({ timeoutMs: 300, same: true })
  expect(alone).toBe(clock.monotonic() + 800)
})

test('isolate() refuses every call until it is taken back, by whoever isolated last', async () => {
  const { protect, call, metrics } = setup({ breaker: {} })
  const [release, releaseToo] = [protect.isolate(), protect.isolate()]

  release()
  release()

  await expect(protect(call)).rejects.toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN', retryAfterMs: 5000 })
  await expect(protect(call, { authority: 'new' })).rejects.toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN' })
  await expect(protect.check()).rejects.toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN' })
  await metrics.collect()
  expect(metrics.value('breaker_state', { policy: 'ledger' })).toBe(3)
  releaseToo()
  expect(await protect(call)).toBe('answer 1')
  await protect.check()
  expect(() => createPolicy({ name: 'a' }).isolate()).toThrow('it has no breaker')
})

test('createPolicy() opens for the authority that fails, and for no other', async () => {
  const { protect, chaos, call } = setup({ breaker: { minimumCalls: 2 } })
  chaos.failNext(2)
  for (const authority of ['a', 'a']) await expect(protect(call, { authority })).rejects.toThrow('chaos')

  await expect(protect(call, { authority: 'a' })).rejects.toThrow('Cannot call ledger at a')
  expect(await protect(call, { authority: 'b' })).toBe('answer 1')
  expect(protect.state).toBe('open')
})

test('createPolicy() shares a budget with those that were given the same', async () => {
  const budget = createRetryBudget({ minPerSecond: 0.1, ratio: 0, clock })
  const [one, other] = [setup({ retry: { budget, baseMs: 0 } }), setup({ retry: { budget, baseMs: 0 } })]
  one.chaos.failNext(1)
  other.chaos.failNext(1)

  const first = one.protect(one.call)
  await clock.advance(1)
  await first

  await expect(other.protect(other.call)).rejects.toThrow('chaos')
  expect(other.metrics.value('resilience_retry_budget_exhausted_total', { policy: 'ledger' })).toBe(1)
})

test('describe() lists what a policy does, outermost first', () => {
  const { protect } = setup({
    timeoutMs: 800,
    attemptTimeoutMs: 300,
    bulkhead: { concurrent: 20, queue: 50 },
    retry: {},
    breaker: {},
  })

  expect(describePolicy(protect).split('\n')).toEqual([
    '1. bulkhead: 20 at once, 50 waiting',
    '2. total time: 800 ms',
    '3. retry: 2 within the budget, full jitter from 50 to 2000 ms',
    '4. breaker: open 5000 ms at 50 % of 20 or more in 10000 ms',
    '5. attempt time: 300 ms',
  ])
})

test.each([
  [{ name: '' }, 'name is ""'],
  [{ timeoutMs: 0 }, 'timeoutMs is 0, expected 1 to'],
  [{ timeoutMs: 100, attemptTimeoutMs: 100 }, 'attemptTimeoutMs is 100, expected below timeoutMs (100)'],
  [
    { attemptTimeoutMs: 6000, breaker: {} },
    'breaker.windowMs is 10000, expected at least twice the time of an attempt (6000)',
  ],
  [{ breaker: { failureRatio: 0 } }, 'breaker.failureRatio is 0'],
  [{ breaker: { samples: 1.5 } }, 'breaker.samples is 1.5, expected a whole number'],
  [{ bulkhead: { concurrent: 0 } }, 'bulkhead.concurrent is 0'],
  [{ retry: { retries: 11 } }, 'retry.retries is 11'],
  [{ retry: { baseMs: 100, maxMs: 50 } }, 'retry.maxMs is 50, expected 100 to'],
] as const)('createPolicy() throws when given %o', (options, message) => {
  expect(() => createPolicy({ name: 'ledger', ...options })).toThrow(message)
})

test('createRetryBudget() throws when given a ratio over 1', () => {
  expect(() => createRetryBudget({ ratio: 2 })).toThrow('ratio is 2, expected 0 to 1')
})
