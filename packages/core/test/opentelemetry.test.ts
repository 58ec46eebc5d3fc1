/** A WorkContext is a full OpenTelemetry context: what its API does with one of its own, it does with ours. */
import {
  createContextKey,
  INVALID_SPAN_CONTEXT,
  context as otel,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { createContext, currentContext, registerContextManager, runInContext, sleep, type WorkContext } from '@ops/core'
import { beforeAll, expect, test } from 'vitest'

const ids: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}

beforeAll(() => {
  registerContextManager()
})

test('context.active() is the running unit when one runs, and the root context otherwise', () => {
  const work = createContext()

  expect(runInContext(work, () => otel.active())).toBe(work)
  expect(otel.active()).toBe(ROOT_CONTEXT)
})

test('context.with() makes the context current when it is given one of ours', async () => {
  const work = createContext()

  const seen = await otel.with(work, async () => {
    await sleep(0)
    return currentContext()
  })

  expect(seen).toBe(work)
})

test('context.with() passes this and arguments on when they are given', () => {
  const read = function (this: unknown, argument: number) {
    return [this, argument]
  }

  expect(otel.with(createContext(), read, 'this', 1)).toEqual(['this', 1])
})

test("trace.setSpan() makes the span active and its ids the context's when it runs inside", () => {
  const work = createContext({ tenant: 'acme' })
  const span = trace.wrapSpanContext(ids)

  const inside = otel.with(trace.setSpan(work, span), () => ({ span: trace.getActiveSpan(), work: currentContext() }))

  expect(inside.span).toBe(span)
  expect(inside.work).toMatchObject({ ...idsOf(ids), requestId: work.requestId, tenant: 'acme', span })
  expect(work.span).toBeUndefined()
})

test('trace.setSpan() leaves the unit its own ids when the span has none', () => {
  const work = createContext()

  const forked = trace.setSpan(work, trace.wrapSpanContext(INVALID_SPAN_CONTEXT)) as WorkContext

  expect(idsOf(forked)).toEqual(idsOf(work))
})

test('trace.deleteSpan() leaves no active span when there was one', () => {
  const withSpan = trace.setSpan(createContext(), trace.wrapSpanContext(ids))

  expect(trace.getSpan(trace.deleteSpan(withSpan))).toBeUndefined()
  expect(trace.getSpanContext(withSpan)).toEqual(ids)
})

test('propagation.setBaggage() is seen inside and inherited by forks when it is set on the unit', () => {
  const baggage = propagation.createBaggage({ color: { value: 'red' } })
  const work = propagation.setBaggage(createContext(), baggage) as WorkContext

  const seen = otel.with(work.fork({ deadline: 1 }), () => propagation.getActiveBaggage())

  expect(seen?.getEntry('color')?.value).toBe('red')
  expect(propagation.getBaggage(propagation.deleteBaggage(work))).toBeUndefined()
})

test('WorkContext.getValue() answers from the base when the unit was started from one', () => {
  const key = createContextKey('a key')

  const work = createContext({ base: ROOT_CONTEXT.setValue(key, 'from the base') })

  expect(work.getValue(key)).toBe('from the base')
  expect(work.setValue(key, 'own').getValue(key)).toBe('own')
  expect(work.setValue(key, 'own').deleteValue(key).getValue(key)).toBeUndefined()
  expect(work.getValue(key)).toBe('from the base')
})

test('WorkContext.setValue() keeps deadline and signal when it is called on a fork', () => {
  const { signal } = new AbortController()
  const fork = createContext().fork({ deadline: 5, signal })

  const changed = fork.setValue(createContextKey('a key'), 1)

  expect(changed).toMatchObject({ deadline: 5, signal })
})

function idsOf({ traceId, spanId }: { traceId: string; spanId: string }) {
  return { traceId, spanId }
}
