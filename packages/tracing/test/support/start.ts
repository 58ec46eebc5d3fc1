import { createTestClock, type TestClock } from '@ops/testing'
import { startTracing, type Tracing, type TracingOptions } from '@ops/tracing'
import { onTestFinished } from 'vitest'
import { createMemoryExporter, type MemoryExporter } from './memory-exporter.ts'

/** Tracing into memory for one test, on a clock that stands still. */
export interface TestTracing {
  readonly tracing: Tracing
  readonly exporter: MemoryExporter
  readonly clock: TestClock
}

export function startTestTracing(options: Partial<TracingOptions> = {}): TestTracing {
  const clock = createTestClock()
  const exporter = createMemoryExporter()
  const tracing = startTracing({ service: 'test', clock, export: { exporter }, ...options })
  onTestFinished(() => tracing.shutdown())
  return { tracing, exporter, clock }
}
