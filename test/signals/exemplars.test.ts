/** An exemplar leads from a bucket to the very request that fell into it: its trace is exported, and lasted as long as it says. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runInContext } from '@ops/core'
import { createRequestPath } from '@ops/http'
import { createMetrics } from '@ops/metrics'
import { createTestClock, waitFor } from '@ops/testing'
import { startTracing } from '@ops/tracing'
import { startCollector } from '@ops-examples/local'
import { afterEach, expect, test } from 'vitest'

const OPENMETRICS = 'application/openmetrics-text'
const DURATION = 'http_request_duration_seconds'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A service that keeps no trace by its head, and answers when it is told to: all that wait, in one turn. */
async function serve() {
  const clock = createTestClock()
  const collector = await startCollector()
  const metrics = createMetrics({}, { service: 'orders', clock })
  const tracing = startTracing({
    service: 'orders',
    env: 'test',
    sample: { head: 0 },
    export: { otlp: `${collector.url}/v1/traces` },
    clock,
  })
  const path = createRequestPath({ meter: metrics, clock })
  const waiting: ServerResponse[] = []
  const server = createServer((request, response) => {
    const observation = path.start(request, response)
    observation.route = '/orders'
    runInContext(observation.context, () => waiting.push(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => collector.stop(),
    () => tracing.shutdown(),
    () => metrics.close(),
    () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { clock, collector, metrics, tracing, url, waiting }
}

/** Trace ids and values of the exemplars of a metric. */
const exemplarsOf = (text: string, metric: string) =>
  [...text.matchAll(new RegExp(`^${metric}_bucket.* # \\{trace_id="(\\w+)",.*\\} (\\S+) `, 'gm'))].map(
    ([, traceId = '', value]) => ({ traceId, ms: Number(value) * 1000 }),
  )

test('start() names in an exemplar the request whose duration it is, when several end in one turn', async () => {
  const { clock, collector, metrics, tracing, url, waiting } = await serve()
  const answers: Promise<Response>[] = []
  for (const untilNextMs of [1500, 300, 80, 7]) {
    answers.push(fetch(url))
    await waitFor(() => waiting.length === answers.length)
    await clock.advance(untilNextMs)
  }
  for (const response of waiting) response.end()
  await Promise.all(answers.map(async (answer) => (await answer).arrayBuffer()))
  await waitFor(async () => exemplarsOf(await metrics.expose(OPENMETRICS), DURATION).length === 4)
  const exemplars = exemplarsOf(await metrics.expose(OPENMETRICS), DURATION)
  await tracing.flush()

  const exported = collector.spans.map(({ traceId, durationMs }) => ({ traceId, ms: Math.round(durationMs) }))
  expect(exemplars.map(({ ms }) => Math.round(ms))).toEqual([7, 87, 387, 1887])
  expect(exemplars.map(({ traceId, ms }) => ({ traceId, ms: Math.round(ms) }))).toEqual(
    exported.toSorted((a, b) => a.ms - b.ms),
  )
  expect(collector.spans.map(({ attributes }) => attributes['sampling.reason'])).toEqual(Array(4).fill('exemplar'))
})
