/** An Express application under observation, for the tests. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { opsExpress } from '@ops/express'
import type { RequestPathOptions } from '@ops/http'
import {
  type LogRecording,
  type MetricRecording,
  type RecordedSpan,
  recordLogs,
  recordMetrics,
  recordSpans,
} from '@ops/testing'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { afterEach } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Serves routes under observation until the test ends. */
export async function serve(
  routes: (app: Express) => void,
  ops: RequestPathOptions = {},
): Promise<{ url: string; logs: LogRecording; metrics: MetricRecording; spans: RecordedSpan[] }> {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const app = express()
  const identify = (request: Request) => ({ tenant: request.headers['x-api-key'] as string | undefined })
  app.use(opsExpress({ ops: { logger: logs.logger, meter: metrics.meter, ...ops } }, { identify }))
  routes(app)
  closers.push(() => spans.stop())
  return { url: await listen(app), logs, metrics, spans: spans.spans }
}

/** Listens on a free port until the test ends. */
export async function listen(app: Express): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a generated trace id looks like. */
export const TRACE_ID: RegExp = /^[0-9a-f]{32}$/

/** An application's own error handler. */
export const answerErrors = (_error: unknown, _request: Request, response: Response, _next: NextFunction): void =>
  void response.status(500).json({ error: 'handled' })
