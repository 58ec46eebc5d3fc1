/** What fails before a Nest handler, seen from outside the process: on the line, in the trace, at Sentry. */
import { waitFor } from '@ops/testing'
import { type Collector, startCollector } from '@ops-examples/local'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ingest, startIngest } from '../../packages/sentry/test/ingest.ts'
import { startService } from './service-process.ts'

let ingest: Ingest
let collector: Collector
beforeEach(async () => {
  ;[ingest, collector] = await Promise.all([startIngest(), startCollector()])
})
afterEach(() => Promise.all([ingest.close(), collector.stop()]))

test('the error itself reaches line, trace and Sentry when a guard, a pipe or an interceptor of Nest fails', async () => {
  const { app, lines } = await startService('guarded', {
    SENTRY_DSN: ingest.dsn,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    TRACE_SAMPLE_RATIO: '0',
  })
  const places = ['guard', 'pipe', 'interceptor']

  const answers = await Promise.all(places.map((place) => fetch(`${app}/${place}`)))
  const traces = answers.map(({ headers }) => headers.get('x-trace-id'))
  await waitFor(() => ingest.events.length === 3 && collector.spans.length >= 3)

  expect(answers.map(({ status }) => status)).toEqual([500, 500, 500])
  expect(await answers[0]?.json()).toEqual({ statusCode: 500, message: 'Internal server error' })
  for (const [i, place] of places.entries()) {
    const line = lines.find((one) => one['trace_id'] === traces[i])
    const event = ingest.events.find(({ exception }) => exception.values[0]?.value === place)
    const span = collector.spans.find(({ traceId }) => traceId === traces[i])
    expect(line).toMatchObject({ level: 'error', error: { type: 'Fault', message: place } })
    expect(event).toMatchObject({ contexts: { trace: { trace_id: traces[i] } }, extra: { route: `/${place}` } })
    expect(span).toMatchObject({ error: true, attributes: { 'error.type': 'Fault', 'http.route': `/${place}` } })
  }
})
