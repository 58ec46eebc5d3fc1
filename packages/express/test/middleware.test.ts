import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { currentContext, requireTenant } from '@ops/core'
import { opsExpress } from '@ops/express'
import type { RequestPathOptions } from '@ops/http'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { afterEach, describe, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(routes: (app: Express) => void, ops: RequestPathOptions = {}) {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const app = express()
  const identify = (request: Request) => ({ tenant: request.headers['x-api-key'] as string | undefined })
  app.use(opsExpress({ ops: { logger: logs.logger, meter: metrics.meter, ...ops } }, { identify }))
  routes(app)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => spans.stop(),
    async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logs, metrics, spans: spans.spans }
}

const TRACE_ID = /^[0-9a-f]{32}$/
const answerErrors = (_error: unknown, _request: Request, response: Response, _next: NextFunction) =>
  void response.status(500).json({ error: 'handled' })

describe('opsExpress()', () => {
  test('opsExpress() records the route template when a parametric route answers', async () => {
    const { url, logs, metrics, spans } = await serve((app) => app.get('/orders/:id', (_, res) => void res.json({})))

    const response = await fetch(`${url}/orders/7`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toBe(spans[0]?.traceId)
    expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '200' })).toBe(1)
    expect(spans[0]?.name).toBe('GET /orders/:id')
  })

  test('opsExpress() runs handlers in the context when the tenant is identified', async () => {
    const { url } = await serve((app) =>
      app.get('/', (_, res) => void res.json({ tenant: requireTenant('read'), trace: currentContext()?.traceId })),
    )

    const response = await fetch(url, { headers: { 'x-api-key': 'acme' } })

    expect(await response.json()).toEqual({ tenant: 'acme', trace: response.headers.get('x-trace-id') })
  })

  test.each([
    [
      'throws',
      () => {
        throw new RangeError('boom')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('boom'))],
    ['calls next', (_: Request, __: Response, next: NextFunction) => next(new RangeError('boom'))],
  ])('opsExpress() logs the error when a handler %s and an error handler answers', async (_, handler) => {
    const { url, logs, spans } = await serve((app) => app.get('/x', handler as never).use(answerErrors))

    const response = await fetch(`${url}/x`)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(logs.records[0]?.error?.message).toBe('boom')
    expect(logs.records[0]?.fields).toMatchObject({ route: '/x', status: 500 })
    expect(spans[0]?.status.code).toBe(2)
  })

  test('opsExpress() keeps the mount path of the route when a nested router fails', async () => {
    const { url, metrics, logs } = await serve((app) => {
      const nested = express.Router()
      nested.get('/items/:id', () => {
        throw new Error('boom')
      })
      app.use('/v1', nested).use(answerErrors)
    })

    await fetch(`${url}/v1/items/3`)
    await waitFor(() => logs.records.length === 1)

    expect(metrics.value('http_requests_total', { route: '/v1/items/:id', status: '500' })).toBe(1)
  })

  test('opsExpress() logs the error when middleware fails before any route', async () => {
    const { url, logs } = await serve((app) =>
      app.use(() => {
        throw new Error('early')
      }, answerErrors),
    )

    await fetch(`${url}/x`)
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.error?.message).toBe('early')
    expect(logs.records[0]?.fields).toMatchObject({ route: '__unmatched__' })
  })

  test('opsExpress() counts unmatched paths as one route when nothing handles them', async () => {
    const { url, logs, metrics } = await serve(() => {})

    const response = await fetch(`${url}/nowhere`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(metrics.value('http_requests_total', { route: '__unmatched__', status: '404' })).toBe(1)
  })

  test('opsExpress() observes the whole stream when a handler streams', async () => {
    const { url, logs } = await serve((app) => app.get('/', (_, res) => void Readable.from(['a', 'b']).pipe(res)))

    expect(await (await fetch(url)).text()).toBe('ab')
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ status: 200, route: '/' })
  })

  test('opsExpress() records 499 and aborts the signal when the client goes away', async () => {
    const client = new AbortController()
    let aborted = false
    const { url, logs } = await serve((app) =>
      app.get('/', () => {
        currentContext()?.signal.addEventListener('abort', () => {
          aborted = true
        })
        client.abort()
      }),
    )

    await expect(fetch(url, { signal: client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(aborted).toBe(true)
    expect(logs.records[0]?.fields).toMatchObject({ status: 499 })
  })

  test('opsExpress() answers probes and refusals itself when a health gate is given', async () => {
    const health = {
      handle: (path: string) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
      admit: () => ({ retryAfterMs: 10 }),
    }
    const { url, logs } = await serve((app) => app.get('/', (_, res) => void res.end('never')), { health })

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const refused = await fetch(url)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(logs.records).toEqual([])
  })
})
