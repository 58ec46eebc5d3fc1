import { trace } from '@opentelemetry/api'
import { createContext, runInContext } from '@ops/core'
import { recordLogs } from '@ops/testing'
import { expect, test, vi } from 'vitest'
import { startTestTracing } from './support/start.ts'

async function secondCopy(): Promise<typeof import('@ops/tracing')> {
  vi.resetModules()
  return import('@ops/tracing')
}

test('span() and keep() of a second copy reach the tracer of the first', async () => {
  const t = startTestTracing({ sample: { head: 0 } })
  const copy = await secondCopy()
  const work = createContext()

  runInContext(work, () =>
    t.tracing.tracer('t').startActiveSpan('request', (root) => {
      copy.span('inner', () => copy.keep('asked by a copy'))
      root.end()
    }),
  )
  trace.getTracer('t').startActiveSpan('outside a unit', (root) => {
    copy.keep('asked outside')
    root.end()
  })
  await t.tracing.flush()

  expect(t.exporter.named('request').attributes['sampling.reason']).toBe('asked by a copy')
  expect(t.exporter.named('inner').parentSpanContext?.spanId).toBe(work.spanId)
  expect(t.exporter.named('outside a unit').attributes['sampling.reason']).toBe('asked outside')
})

test('startTracing() of a second copy leaves the first in place and says so', async () => {
  const t = startTestTracing({ sample: { head: 1 } })
  const copy = await secondCopy()
  const { logger, records } = recordLogs()

  const second = copy.startTracing({ service: 'second', logger, clock: t.clock })
  copy.span('work', () => {})
  await second.shutdown()
  await t.tracing.flush()

  expect(records.length).toBe(1)
  expect(t.exporter.names()).toEqual(['work'])
})
