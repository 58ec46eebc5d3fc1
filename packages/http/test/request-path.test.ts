import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { currentContext, runInContext } from '@ops/core'
import { createRequestPath, REQUEST_ID_HEADER, type RequestPathOptions, TRACE_ID_HEADER } from '@ops/http'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(handler: Handler, options: RequestPathOptions & { route?: string } = {}) {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const path = createRequestPath({ logger: logs.logger, meter: metrics.meter, ...options })
  const server = createServer((request, response) => {
    const answer = path.intercept(request)
    if (answer !== undefined) return void response.writeHead(answer.status, answer.headers).end(answer.body)
    const observation = path.start(request, response)
    observation.route = options.route
    response.setHeader(TRACE_ID_HEADER, observation.context.traceId)
    response.setHeader(REQUEST_ID_HEADER, observation.context.requestId)
    runInContext(observation.context, () => {
      try {
        handler(request, response)
      } catch (error) {
        observation.fail(error)
        response.writeHead(500).end()
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => spans.stop(),
    async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, logs, metrics, spans: spans.spans }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`

describe('createRequestPath()', () => {
  test('start() records one line, one count, one duration and one span when a request ends', async () => {
    const { url, logs, metrics, spans } = await serve((_, response) => void response.end('ok'), {
      route: '/orders/:id',
    })

    await (await fetch(`${url}/orders/7?token=x`)).text()
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]).toMatchObject({
      level: 'info',
      message: 'request completed',
      fields: { method: 'GET', route: '/orders/:id', path: '/orders/7', status: 200 },
    })
    expect(metrics.value('http_requests_total', { method: 'GET', route: '/orders/:id', status: '200' })).toBe(1)
    expect(metrics.observations('http_request_duration_seconds', { status_class: '2xx' })).toHaveLength(1)
    expect(spans.map((span) => [span.name, span.attributes['http.response.status_code']])).toEqual([
      ['GET /orders/:id', 200],
    ])
    expect(metrics.problems).toEqual([])
  })

  test('start() continues the trace when a trusted peer sends traceparent', async () => {
    let seen: string | undefined
    const { url, spans } = await serve((_, response) => {
      seen = currentContext()?.traceId
      response.end()
    })

    const response = await fetch(url, { headers: { traceparent: TRACEPARENT, 'x-trace-id': 'f'.repeat(32) } })

    expect(response.headers.get('x-trace-id')).toBe(TRACE)
    expect(seen).toBe(TRACE)
    expect(spans[0]?.parentSpanId).toBe('b7ad6b7169203331')
  })

  test('start() begins a new trace when the peer is not trusted', async () => {
    const { url } = await serve((_, response) => void response.end(), { trust: 'none' })

    const response = await fetch(url, { headers: { traceparent: TRACEPARENT } })

    expect(response.headers.get('x-trace-id')).toMatch(/^(?!0af7)[0-9a-f]{32}$/)
  })

  test('start() takes X-Trace-Id as the trace id when there is no traceparent', async () => {
    const { url } = await serve((_, response) => void response.end())

    const response = await fetch(url, { headers: { 'x-trace-id': TRACE, 'x-request-id': 'req-1' } })

    expect(response.headers.get('x-trace-id')).toBe(TRACE)
    expect(response.headers.get('x-request-id')).toBe('req-1')
  })

  test.each([
    ['all-zero trace id', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    ['all-zero span id', { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` }],
    ['upper-case hex', { traceparent: TRACEPARENT.toUpperCase() }],
    ['version ff', { traceparent: `ff${TRACEPARENT.slice(2)}` }],
    ['trailing text', { traceparent: `${TRACEPARENT}-x` }],
    ['short X-Trace-Id', { 'x-trace-id': 'abc' }],
    ['upper-case X-Trace-Id', { 'x-trace-id': TRACE.toUpperCase() }],
  ])('start() begins a new trace and echoes nothing when the headers have %s', async (_, headers) => {
    const { url } = await serve((_request, response) => void response.end())

    const response = await fetch(url, { headers })

    const traceId = response.headers.get('x-trace-id')
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(traceId).not.toBe(TRACE)
  })

  test('start() ignores duplicate traceparent headers', async () => {
    const { url, logs } = await serve((_, response) => void response.end())

    const request = httpRequest(url, { headers: { traceparent: [TRACEPARENT, TRACEPARENT] } }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await waitFor(() => logs.records.length === 1)

    expect(response.headers['x-trace-id']).not.toBe(TRACE)
  })

  test('start() drops a tracestate of 513 characters and keeps the trace', async () => {
    let state: string | undefined = 'unset'
    const { url } = await serve((_, response) => {
      state = currentContext()?.traceState
      response.end()
    })

    const response = await fetch(url, { headers: { traceparent: TRACEPARENT, tracestate: `a=${'b'.repeat(511)}` } })

    expect(response.headers.get('x-trace-id')).toBe(TRACE)
    expect(state).toBeUndefined()
  })

  test('start() generates a request id when the given one breaks the grammar', async () => {
    const { url } = await serve((_, response) => void response.end())

    const response = await fetch(url, { headers: { 'x-request-id': 'a b' } })

    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('fail() logs the error and marks the span when the handler throws', async () => {
    const { url, logs, metrics, spans } = await serve(() => {
      throw new RangeError('boom')
    })

    await fetch(url)
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]).toMatchObject({ level: 'error', message: 'request failed', fields: { status: 500 } })
    expect(logs.records[0]?.error).toBeInstanceOf(RangeError)
    expect(metrics.value('http_requests_total', { status: '500', route: '__unmatched__' })).toBe(1)
    expect(spans[0]).toMatchObject({ status: { code: 2, message: 'boom' }, attributes: { 'error.type': 'RangeError' } })
  })

  test('start() aborts the signal and records 499 when the client goes away', async () => {
    let reason: unknown
    const { url, logs, metrics } = await serve(() => {
      const signal = currentContext()?.signal
      signal?.addEventListener('abort', () => {
        reason = signal.reason
      })
      client.destroy()
    })
    const client = httpRequest(url)
      .on('error', () => {})
      .end()

    await waitFor(() => logs.records.length === 1)

    expect(metrics.value('http_requests_total', { status: '499' })).toBe(1)
    expect(reason).toMatchObject({ code: 'OPS_HTTP_CLIENT_CLOSED', expected: true })
  })

  test('start() counts unknown methods as _OTHER', async () => {
    const { url, logs, metrics } = await serve((_, response) => void response.end())

    httpRequest(url, { method: 'PROPFIND' }).end()
    await waitFor(() => logs.records.length === 1)

    expect(metrics.value('http_requests_total', { method: '_OTHER' })).toBe(1)
  })

  test('start() makes one series when a thousand paths match no route', async () => {
    const { url, logs, metrics } = await serve((_, response) => void response.writeHead(404).end())

    for (let i = 0; i < 1000; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, j) => fetch(`${url}/p${i + j}`)))
    await waitFor(() => logs.records.length === 1000)

    expect(metrics.series('http_requests_total')).toEqual([
      { labels: { method: 'GET', route: '__unmatched__', status: '404' }, value: 1000 },
    ])
  })

  test('start() shows requests in flight when one is being served', async () => {
    let release = () => {}
    const { url, logs, metrics } = await serve((_, response) => {
      release = () => response.end()
      response.flushHeaders()
    })

    const response = await fetch(url)
    await metrics.collect()
    expect(metrics.value('http_requests_in_flight')).toBe(1)
    release()
    await response.text()
    await waitFor(() => logs.records.length === 1)
    await metrics.collect()

    expect(metrics.value('http_requests_in_flight')).toBe(0)
  })

  test('start() takes the deadline of a trusted peer into the context', async () => {
    let deadline: number | undefined
    const { url } = await serve((_, response) => {
      deadline = currentContext()?.deadline
      response.end()
    })

    await fetch(url, { headers: { 'x-request-timeout-ms': '5000' } })

    expect(deadline).toBeTypeOf('number')
  })

  test.each(['/livez', '/healthz/stores'])(
    'intercept() answers %s without a line, a metric or a span',
    async (probed) => {
      const health = {
        handle: (path: string) =>
          path === probed ? { status: 200, headers: { 'x-probe': 'yes' }, body: 'alive' } : undefined,
      }
      const { url, logs, spans } = await serve((_, response) => void response.end(), { health })

      const probe = await fetch(`${url}${probed}?verbose`)
      await (await fetch(url)).text()
      await waitFor(() => logs.records.length === 1)

      expect([probe.status, await probe.text()]).toEqual([200, 'alive'])
      expect(spans).toHaveLength(1)
    },
  )

  test('intercept() refuses with 503 and Retry-After when the gate does not admit', async () => {
    const health = { handle: () => undefined, admit: () => ({ retryAfterMs: 1500 }) }
    const { url, metrics } = await serve((_, response) => void response.end(), { health })

    const response = await fetch(url)

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
    expect(metrics.value('http_requests_shed_total', { priority: 'default' })).toBe(1)
  })

  test('createRequestPath() throws when a trusted range is not an address', () => {
    expect(() => createRequestPath({ trust: ['10.0.0.0/40'] })).toThrow(
      /Cannot trust "10.0.0.0\/40": expected an IP address/,
    )
  })
})
