/** An exception as the attributes of an event, by the semantic conventions; whatever was thrown, nothing throws here. */
import type { Attributes } from '@opentelemetry/api'

/** Stack traces are cut: a recursion gone wrong must not fill the queue. */
const MAX_STACK_LENGTH = 16_384

/** @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ */
export function exceptionAttributes(exception: unknown): Attributes {
  if (typeof exception !== 'object' || exception === null) return { 'exception.message': text(exception) }
  const { name, message, stack } = exception as { name?: unknown; message?: unknown; stack?: unknown }
  const attributes: Attributes = {}
  if (typeof name === 'string') attributes['exception.type'] = name
  if (typeof message === 'string') attributes['exception.message'] = message
  if (typeof stack === 'string') attributes['exception.stacktrace'] = stack.slice(0, MAX_STACK_LENGTH)
  return attributes
}

/** The text of what was thrown. */
export function messageOf(thrown: unknown): string {
  const message = typeof thrown === 'object' && thrown !== null ? (thrown as { message?: unknown }).message : thrown
  return typeof message === 'string' ? message : text(message)
}

function text(value: unknown): string {
  try {
    return String(value)
  } catch {
    return '[unprintable]'
  }
}
