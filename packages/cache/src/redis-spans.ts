import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Clock } from '@ops/core'

/** What the cache asks of Redis. */
export type RedisOperation =
  | 'read'
  | 'read_tags'
  | 'acquire'
  | 'fill'
  | 'release'
  | 'invalidate'
  | 'heartbeat'
  | 'session_read'
  | 'session_write'
  | 'session_touch'
  | 'session_destroy'

/** Where an operation is recorded. */
export interface OperationObservation {
  readonly operation: RedisOperation
  readonly cache: string
  readonly clock: Clock
  readonly observe: (operation: RedisOperation, seconds: number, ok: boolean) => void
}

/** Runs `work`, timed, and inside a span of its own where a trace is being recorded. */
export async function observeOperation<T>(to: OperationObservation, work: () => Promise<T>): Promise<T> {
  const { operation, cache, clock, observe } = to
  const startedAt = clock.monotonic()
  const recording = trace.getActiveSpan()?.isRecording() === true
  const span = recording
    ? trace.getTracer('@ops/cache').startSpan(`cache ${operation}`, {
        kind: SpanKind.CLIENT,
        attributes: { 'db.system.name': 'redis', 'ops.cache.name': cache },
      })
    : undefined
  try {
    const result = await work()
    observe(operation, (clock.monotonic() - startedAt) / 1000, true)
    return result
  } catch (error) {
    observe(operation, (clock.monotonic() - startedAt) / 1000, false)
    span?.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
    throw error
  } finally {
    span?.end()
  }
}
