import { INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api'
import { createContext } from '@ops/core'
import { expect, test } from 'vitest'

test('WorkContext.rootSpan keeps the first span when a second one is set, in every fork', () => {
  const first = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
  const context = createContext()
  const fork = context.fork({ deadline: 1 })

  fork.rootSpan = first
  context.rootSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

  expect(context.rootSpan).toBe(first)
  expect(context.setValue(Symbol('x'), 1).rootSpan).toBe(first)
})

test('WorkContext.rootSpan is undefined when no tracer has made a span in the unit', () => {
  expect(createContext().rootSpan).toBeUndefined()
})
