/** Two copies of core in one process (two versions in a tree, a bundled one beside an installed one) share one context. */
import { trace } from '@opentelemetry/api'
import * as core from '@ops/core'
import { beforeAll, expect, test } from 'vitest'
import { importCopy } from './import-copy.ts'

let copy: typeof core

beforeAll(async () => {
  copy = await importCopy()
})

test('importCopy() returns a second copy when core is loaded already', () => {
  expect(copy.createContext).not.toBe(core.createContext)
})

test('currentContext() of one copy is the unit when another copy runs it', async () => {
  const [ours, theirs] = [core.createContext({ tenant: 'acme' }), copy.createContext({ tenant: 'globex' })]

  expect(copy.runInContext(ours, () => core.currentContext())).toBe(ours)
  expect(core.runInContext(ours, () => copy.currentContext())).toBe(ours)
  expect(await core.runInContext(theirs, async () => copy.sleep(0).then(() => core.currentContext()))).toBe(theirs)
})

test('requireTenant() of one copy answers when another copy identified the unit', () => {
  const context = copy.createContext()
  context.identify({ tenant: 'acme' })

  expect(core.runInContext(context, () => core.requireTenant('read orders'))).toBe('acme')
})

test('registerContextManager() is true in both copies when either registered first', () => {
  expect(copy.registerContextManager()).toBe(true)
  expect(core.registerContextManager()).toBe(true)
})

test('trace.getActiveSpan() is the span when one copy set it and another runs it', () => {
  copy.registerContextManager()
  const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 })
  const work = trace.setSpan(core.createContext(), span) as core.WorkContext

  expect(copy.runInContext(work, () => trace.getActiveSpan())).toBe(span)
})

test('contextFragment() of one copy reads the unit when another copy made it', () => {
  expect(core.contextFragment(copy.createContext({ tenant: 'acme' }), ({ tenant }) => `t=${tenant}`)).toBe('t=acme')
})
