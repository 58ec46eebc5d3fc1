import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswers } from '../src/answers.ts'
import { healthStatus, type Snapshot, unreadyReasons } from '../src/availability.ts'

const context = { service: {}, groups: {} }
const anyCheck = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  scope: fc.constantFrom('local' as const, 'shared' as const),
  critical: fc.boolean(),
  gates: fc.boolean(),
  status: fc.constantFrom('unknown' as const, 'up' as const, 'down' as const),
})
const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  started: fc.boolean(),
  draining: fc.boolean(),
  overloaded: fc.boolean(),
  checks: fc.array(anyCheck, { maxLength: 4 }),
})

const status = (snapshot: Snapshot, path: string, wedged: boolean) =>
  createAnswers(context, snapshot, wedged)(path, true)?.status

describe('availability', () => {
  it('/livez depends on the main thread alone, for any snapshot', () => {
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (snapshot, wedged) => {
        expect(status(snapshot, '/livez', wedged)).toBe(wedged ? 503 : 200)
      }),
    )
  })

  it('/readyz answers 200 exactly when started, calm, awake and no gating check is short of up, for any snapshot', () => {
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (snapshot, wedged) => {
        const { started, draining, overloaded, checks } = snapshot
        const gatesUp = checks.every((check) => !check.gates || check.status === 'up')
        const ready = started && !draining && !overloaded && !wedged && gatesUp

        expect(status(snapshot, '/readyz', wedged)).toBe(ready ? 200 : 503)
        expect(unreadyReasons(snapshot, wedged).length === 0).toBe(ready)
      }),
    )
  })

  it('/startupz answers 200 exactly when started, for any snapshot', () => {
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (snapshot, wedged) => {
        expect(status(snapshot, '/startupz', wedged)).toBe(snapshot.started ? 200 : 503)
      }),
    )
  })

  it('/healthz fails exactly when wedged or a gating check is down, and passes only when ready, for any snapshot', () => {
    fc.assert(
      fc.property(anySnapshot, fc.boolean(), (snapshot, wedged) => {
        const fails = wedged || snapshot.checks.some((check) => check.gates && check.status === 'down')

        expect(status(snapshot, '/healthz', wedged)).toBe(fails ? 503 : 200)
        if (healthStatus(snapshot, wedged) === 'pass') expect(unreadyReasons(snapshot, wedged)).toEqual([])
      }),
    )
  })

  it('a draining replica never becomes ready again, for any later change', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(status({ ...snapshot, draining: true }, '/readyz', false)).toBe(503)
        expect(status({ ...snapshot, draining: true }, '/livez', false)).toBe(200)
      }),
    )
  })

  it('answers to strangers name no check, for any snapshot', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const checks = snapshot.checks.map((check) => ({ ...check, name: 'secretdb' }))
        const answers = createAnswers(context, { ...snapshot, checks }, false)

        for (const path of ['/readyz', '/healthz']) expect(answers(path, false)?.body).not.toContain('secretdb')
      }),
    )
  })
})
