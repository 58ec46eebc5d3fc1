/** Spans around functions, and the keep mark: for application code, whether tracing runs or not. */
import {
  type Attributes,
  type Exception,
  context as otelContext,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { currentContext } from '@ops/core'
import { messageOf } from './exception.ts'
import type { RecordedSpan } from './span.ts'

/** Runs in a span; sync or async. */
type Body<T> = (span: Span) => T

/**
 * Runs `fn` in a span that ends when it returns, or when its promise settles. What it throws is recorded, marks the span as
 * failed, and is thrown on unchanged. Without tracing `fn` just runs.
 *
 * @example
 * await span('charge card', { 'payment.provider': 'acme' }, () => pay())
 */
export function span<T>(name: string, fn: Body<T>): T
export function span<T>(name: string, attributes: Attributes, fn: Body<T>): T
export function span<T>(name: string, second: Attributes | Body<T>, third?: Body<T>): T {
  const fn = (third ?? second) as Body<T>
  const options = third === undefined ? {} : { attributes: second as Attributes }
  const active = otelContext.active()
  const own = trace.getTracer('@ops/tracing').startSpan(name, options, active)
  return otelContext.with(trace.setSpan(active, own), () => settle(own, fn))
}

function settle<T>(own: Span, fn: Body<T>): T {
  let result: T
  try {
    result = fn(own)
  } catch (error) {
    fail(own, error)
    throw error
  }
  if (!isThenable(result)) {
    own.end()
    return result
  }
  // Passed on rather than watched from the side: a rejection that nobody handles must stay unhandled.
  return result.then(
    (value) => {
      own.end()
      return value
    },
    (error: unknown) => {
      fail(own, error)
      throw error
    },
  ) as T
}

function fail(own: Span, error: unknown): void {
  own.recordException(error as Exception)
  own.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
  own.end()
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * Keeps the running trace, whatever the sampler says; `reason` becomes its `sampling.reason`. The first reason stays.
 * Does nothing outside a unit of work and outside a span.
 */
export function keep(reason: string): void {
  const work = currentContext()
  if (work !== undefined) {
    work.keep(reason)
    return
  }
  // By shape, not by class: the span may come from another copy of this package.
  const active = trace.getActiveSpan() as Partial<Pick<RecordedSpan, 'keep'>> | undefined
  active?.keep?.(reason)
}
