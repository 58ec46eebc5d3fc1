import { trace } from '@opentelemetry/api'
import { contextFragment, createContext, type WorkContext } from '@ops/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }

test('createContext() makes fresh valid ids when nothing is given', () => {
  const [one, two] = [createContext(), createContext()]

  expect(one.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(one.spanId).toMatch(/^[0-9a-f]{16}$/)
  expect(one.requestId).toMatch(/^[A-Za-z0-9._-]{1,128}$/)
  expect(one).not.toMatchObject({ traceId: two.traceId })
  expect(one.requestId).not.toBe(two.requestId)
})

test('createContext() continues the trace of the parent when one is given, before any trace id', () => {
  const context = createContext({ parent, traceId: 'f'.repeat(32), traceState: 'a=1', requestId: 'r-1' })

  expect(context).toMatchObject({ traceId: parent.traceId, parent, traceState: 'a=1', requestId: 'r-1' })
  expect(context.spanId).not.toBe(parent.spanId)
})

test('createContext() takes the trace id when there is no parent', () => {
  expect(createContext({ traceId: parent.traceId })).toMatchObject({ traceId: parent.traceId, parent: undefined })
})

test('WorkContext.identify() applies to the unit and every fork when it is called on any of them', () => {
  const context = createContext()
  const fork = context.fork({})
  const deeper = fork.setValue(Symbol('x'), 1)

  deeper.identify({ tenant: 'acme' })
  context.identify({ userId: 'u-1' })

  for (const one of [context, fork, deeper]) expect(one).toMatchObject({ tenant: 'acme', userId: 'u-1', revision: 2 })
})

test('WorkContext.keep() and abort() keep the first reason when they are called again', () => {
  const context = createContext()
  const fork = context.fork({})

  fork.keep('slow')
  context.keep('error')
  fork.abort('client gone')
  context.abort('too late')

  expect(fork.keepReason).toBe('slow')
  expect(context.signal.reason).toBe('client gone')
})

test('WorkContext.signal is aborted for everybody when the unit is aborted, whether it was asked for before or after', () => {
  const context = createContext()
  const before = context.signal

  context.fork({}).abort('gone')

  expect(before).toBe(context.signal)
  expect(context.fork({}).signal).toMatchObject({ aborted: true, reason: 'gone' })
})

test('WorkContext.abort() keeps its reason when that is undefined', () => {
  const context = createContext()

  context.abort(undefined)
  context.abort('later')

  expect(context.signal.aborted).toBe(true)
  expect(context.signal.reason).not.toBe('later')
})

test('WorkContext.fork() replaces the signal for what runs inside when one is given', () => {
  const inner = new AbortController()
  const context = createContext()
  const fork = context.fork({ signal: inner.signal })

  inner.abort()

  expect(fork.fork({}).signal).toBe(inner.signal)
  expect(context.signal.aborted).toBe(false)
})

const deadlines = fc.array(fc.option(fc.nat(1000), { nil: undefined }), { maxLength: 6 })

test('WorkContext.fork() never moves the deadline away when forks are nested', () => {
  fc.assert(
    fc.property(deadlines, (asked) => {
      const last = asked.reduce<WorkContext>((context, deadline) => context.fork({ deadline }), createContext())

      const given = asked.filter((deadline) => deadline !== undefined)
      expect(last.deadline).toBe(given.length === 0 ? undefined : Math.min(...given))
    }),
  )
})

test('WorkContext values behave like a map that never changes when keys are set and deleted in any order', () => {
  const keys = [Symbol('a'), Symbol('b'), Symbol('c')] as const
  const steps = fc.array(fc.tuple(fc.constantFrom(...keys), fc.option(fc.nat(), { nil: undefined })))
  fc.assert(
    fc.property(steps, (changes) => {
      const model = new Map<symbol, unknown>()
      let context = createContext()
      for (const [key, value] of changes) {
        const before = context
        const was = before.getValue(key)
        context = value === undefined ? context.deleteValue(key) : context.setValue(key, value)
        model.set(key, value)
        expect(before.getValue(key)).toBe(was)
      }

      for (const key of keys) expect(context.getValue(key)).toBe(model.get(key))
    }),
  )
})

test('contextFragment() renders once when the identity stays, and again when it changes', () => {
  const context = createContext({ tenant: 'acme' })
  let rendered = 0
  const render = (of: WorkContext) => `${++rendered}:${of.tenant}`

  const first = [contextFragment(context, render), contextFragment(context, render)]
  context.identify({ tenant: 'globex' })

  expect(first).toEqual(['1:acme', '1:acme'])
  expect(contextFragment(context, render)).toBe('2:globex')
})

test('contextFragment() is rendered anew when the active span differs', () => {
  const context = createContext()
  const render = (of: WorkContext) => of.spanId
  const fork = context.fork({})

  expect(contextFragment(context, render)).toBe(context.spanId)
  expect(contextFragment(fork, render)).toBe(fork.spanId)
})

test('deleteValue() gives the ids of the unit back when the active span is taken off', () => {
  const context = createContext()
  const spanContext = { traceId: parent.traceId, spanId: parent.spanId, traceFlags: 1 }
  const inSpan = trace.setSpan(context, trace.wrapSpanContext(spanContext)) as WorkContext

  const without = trace.deleteSpan(inSpan) as WorkContext

  expect(inSpan.spanId).toBe(parent.spanId)
  expect([without.traceId, without.spanId, without.span]).toEqual([context.traceId, context.spanId, undefined])
})
