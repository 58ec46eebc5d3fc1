/** A Fastify application under observation, for the tests. */
import { opsFastify } from '@ops/fastify'
import type { RequestPathOptions } from '@ops/http'
import {
  type LogRecording,
  type MetricRecording,
  type RecordedSpan,
  recordLogs,
  recordMetrics,
  recordSpans,
} from '@ops/testing'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Listens on a free port until the test ends. */
export async function serve(
  routes: (app: FastifyInstance) => void,
  ops: RequestPathOptions = {},
): Promise<{ url: string; logs: LogRecording; metrics: MetricRecording; spans: RecordedSpan[] }> {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const app = fastify()
  await app.register(opsFastify, {
    service: { ops: { logger: logs.logger, meter: metrics.meter, ...ops } },
    identify: (request) => ({ tenant: request.headers['x-api-key'] as string | undefined }),
  })
  routes(app)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  closers.push(
    () => spans.stop(),
    () => app.close(),
  )
  return { url, logs, metrics, spans: spans.spans }
}

/** What a generated trace id looks like. */
export const TRACE_ID: RegExp = /^[0-9a-f]{32}$/
