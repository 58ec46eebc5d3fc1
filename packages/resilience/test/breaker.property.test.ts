/** The breaker beside a model of it: any order of calls, results, waits and isolations. */
import { createTestClock, type TestClock } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Breaker } from '../src/breaker.ts'

const OPTIONS = { failureRatio: 0.5, windowMs: 1000, minimumCalls: 3, openMs: 500, samples: 2 }

type Step = { readonly do: 'enter' | 'good' | 'bad' | 'unknown' | 'wait' | 'jump'; readonly ms: number }
const step = fc.record<Step>({
  do: fc.constantFrom('enter', 'enter', 'good', 'bad', 'bad', 'unknown', 'wait', 'jump'),
  ms: fc.integer({ min: 1, max: 700 }),
})

function tryEnter(breaker: Breaker): number | undefined {
  try {
    return breaker.enter()
  } catch (error) {
    expect(error).toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN' })
    const { retryAfterMs } = error as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(OPTIONS.openMs)
    return undefined
  }
}

async function play(steps: readonly Step[], clock: TestClock): Promise<void> {
  const breaker = new Breaker('b', OPTIONS, clock)
  const tickets: number[] = []
  let openedAt = Number.NEGATIVE_INFINITY
  let halfOpen = { admitted: 0, unknown: 0 }
  for (const { do: action, ms } of steps) {
    const before = breaker.state
    const now = clock.monotonic()
    if (action === 'wait') await clock.advance(ms)
    else if (action === 'jump') clock.jump(ms * (ms % 2 === 0 ? 1000 : -1000))
    else if (action === 'enter') {
      const ticket = tryEnter(breaker)
      if (before === 'closed') expect(ticket).toBeDefined()
      if (before === 'open') expect(ticket).toBeUndefined()
      if (before === 'half-open' && ticket !== undefined) halfOpen.admitted++
      if (ticket !== undefined) tickets.push(ticket)
    } else {
      const ticket = tickets.splice(ms % Math.max(1, tickets.length), 1)[0]
      if (ticket === undefined) continue
      breaker.leave(ticket, action)
      if (before === 'half-open' && action === 'unknown') halfOpen.unknown++
    }
    const after = breaker.state
    // It opens by a failure, closes by samples, and half-opens by time alone.
    if (after === 'open' && before !== 'open') {
      expect(action).toBe('bad')
      openedAt = now
      halfOpen = { admitted: 0, unknown: 0 }
    }
    if (after === 'closed' && before !== 'closed') expect([before, action]).toEqual(['half-open', 'good'])
    if (after === 'half-open' && before === 'open') expect(clock.monotonic() - openedAt).toBeGreaterThanOrEqual(500)
    if (before === 'open' && after === 'open') expect(clock.monotonic() - openedAt).toBeLessThan(500)
    expect(halfOpen.admitted - halfOpen.unknown).toBeLessThanOrEqual(OPTIONS.samples + tickets.length)
  }
}

test('Breaker changes state only the way a breaker may, whatever comes in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => play(steps, createTestClock())),
    { numRuns: 200 },
  )
})

test('Breaker opens exactly when the calls of the window reach the minimum and the ratio', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (failures) => {
      const breaker = new Breaker('b', OPTIONS, createTestClock())
      const seen: boolean[] = []
      for (const failed of failures) {
        if (breaker.state !== 'closed') break
        breaker.leave(breaker.enter(), failed ? 'bad' : 'good')
        seen.push(failed)
        const bad = seen.filter(Boolean).length
        const due = failed && seen.length >= OPTIONS.minimumCalls && bad / seen.length >= OPTIONS.failureRatio
        expect(breaker.state).toBe(due ? 'open' : 'closed')
      }
    }),
  )
})

test('Breaker forgets failures older than its window', async () => {
  const clock = createTestClock()
  const breaker = new Breaker('b', OPTIONS, clock)
  for (let i = 0; i < 2; i++) breaker.leave(breaker.enter(), 'bad')

  await clock.advance(1100)
  breaker.leave(breaker.enter(), 'bad')

  expect(breaker.state).toBe('closed')
})
