import { Readable } from 'node:stream'
import { currentContext, requireTenant } from '@ops/core'
import { opsFastify } from '@ops/fastify'
import type { RequestPathOptions } from '@ops/http'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(routes: (app: FastifyInstance) => void, ops: RequestPathOptions = {}) {
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

const TRACE_ID = /^[0-9a-f]{32}$/

describe('opsFastify', () => {
  test('opsFastify() records the route template when a parametric route answers', async () => {
    const { url, logs, metrics, spans } = await serve((app) => app.get('/orders/:id', async () => ({ ok: true })))

    const response = await fetch(`${url}/orders/7`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toBe(spans[0]?.traceId)
    expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '200' })).toBe(1)
    expect(spans[0]?.name).toBe('GET /orders/:id')
  })

  test('opsFastify() runs handlers in the context when the tenant is identified', async () => {
    const { url } = await serve((app) =>
      app.get('/', async () => ({ tenant: requireTenant('read'), trace: currentContext()?.traceId })),
    )

    const response = await fetch(url, { headers: { 'x-api-key': 'acme' } })

    expect(await response.json()).toEqual({ tenant: 'acme', trace: response.headers.get('x-trace-id') })
  })

  test('opsFastify() logs the error and answers with both ids when a handler throws', async () => {
    const { url, logs, spans } = await serve((app) =>
      app.get('/', async () => {
        throw new RangeError('boom')
      }),
    )

    const response = await fetch(url)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/)
    expect(logs.records[0]?.error?.message).toBe('boom')
    expect(spans[0]?.status.code).toBe(2)
  })

  test('opsFastify() counts unmatched paths as one route when nothing handles them', async () => {
    const { url, logs, metrics } = await serve(() => {})

    const response = await fetch(`${url}/nowhere`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(metrics.value('http_requests_total', { route: '__unmatched__', status: '404' })).toBe(1)
  })

  test('opsFastify() sends the ids when a reply is hijacked', async () => {
    const { url } = await serve((app) =>
      app.get('/', (_, reply) => {
        reply.hijack()
        reply.raw.end('raw')
      }),
    )

    const response = await fetch(url)

    expect(await response.text()).toBe('raw')
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
  })

  test('opsFastify() observes the whole stream when a handler streams', async () => {
    const { url, logs } = await serve((app) => app.get('/', (_, reply) => reply.send(Readable.from(['a', 'b', 'c']))))

    expect(await (await fetch(url)).text()).toBe('abc')
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ status: 200 })
  })

  test('opsFastify() records 499 and aborts the signal when the client goes away', async () => {
    const client = new AbortController()
    let aborted = false
    const { url, logs } = await serve((app) =>
      app.get('/', () => {
        currentContext()?.signal.addEventListener('abort', () => {
          aborted = true
        })
        client.abort()
        return new Promise(() => {})
      }),
    )

    await expect(fetch(url, { signal: client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(aborted).toBe(true)
    expect(logs.records[0]?.fields).toMatchObject({ status: 499 })
  })

  test('opsFastify() answers probes and refusals itself when a health gate is given', async () => {
    const health = {
      handle: (path: string) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
      admit: () => ({ retryAfterMs: 10 }),
    }
    const { url, logs } = await serve((app) => app.get('/', async () => 'never'), { health })

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const refused = await fetch(url)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(logs.records).toEqual([])
  })

  test('opsFastify() covers routes of other plugins when they register in scopes of their own', async () => {
    const { url, metrics, logs } = await serve((app) =>
      app.register(async (scope) => scope.get('/scoped', async () => 'x'), { prefix: '/v1' }),
    )

    await fetch(`${url}/v1/scoped`)
    await waitFor(() => logs.records.length === 1)

    expect(metrics.value('http_requests_total', { route: '/v1/scoped' })).toBe(1)
  })

  test('opsFastify() observes injected requests when an application tests itself', async () => {
    const logs = recordLogs()
    const app = fastify()
    await app.register(opsFastify, { service: { ops: { logger: logs.logger } } })
    app.get('/', async () => 'x')

    const response = await app.inject('/')

    expect(response.headers['x-trace-id']).toMatch(TRACE_ID)
    await waitFor(() => logs.records.length === 1)
    expect(logs.records[0]?.fields).toMatchObject({ status: 200 })
  })
})
