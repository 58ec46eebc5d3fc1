/** The behaviour every framework's example shows alike, seen by HTTP, its log lines, its metrics and its exported spans. */
import { spawnSync } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import { waitFor } from '@ops/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { FRAMEWORKS, type LogLine, type RunningExample, startExample } from './running-example.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`
const HEX_32 = /^[0-9a-f]{32}$/

describe.each(FRAMEWORKS.map((framework, i) => ({ framework, database: i + 1 })))(
  'orders API on $framework',
  (subject) => {
    let example: RunningExample
    beforeAll(async () => {
      // Nothing is head-sampled: what arrives at the collector was kept for another reason.
      example = await startExample(subject.framework, `${inject('redisUrl')}/${subject.database}`, {
        TRACE_SAMPLE_RATIO: '0',
      })
    }, 60_000)
    afterAll(() => example?.stop())
    const priceAll = () => {
      example.pricing.respond = (_request, response) => void response.end('{"cents":250}')
    }
    afterEach(priceAll)

    const call = (path: string, init: RequestInit & { key?: string } = {}) => {
      const { key = 'acme-key', ...rest } = init
      return fetch(`${example.base}${path}`, { ...rest, headers: { 'x-api-key': key, ...rest.headers } })
    }
    const place = (key = 'acme-key', sku = 'pen') =>
      call('/orders', {
        key,
        method: 'POST',
        body: JSON.stringify({ sku, quantity: 2 }),
        headers: { 'content-type': 'application/json' },
      })
    const lineOf = async (traceId: string | null, message: string): Promise<LogLine> => {
      const find = () => example.lines.find((line) => line['trace_id'] === traceId && line['message'] === message)
      await waitFor(() => find() !== undefined)
      return find() as LogLine
    }
    const fields = (line: LogLine) => line['context'] as Readonly<Record<string, unknown>>

    test.each(['/livez', '/readyz', '/startupz', '/healthz'])(
      '%s answers 200 on both ports when the service runs',
      async (path) => {
        const [app, ops] = [await fetch(`${example.base}${path}`), await fetch(`${example.ops}${path}`)]

        expect([app.status, ops.status]).toEqual([200, 200])
      },
    )

    test('/readyz lists database, Redis and pricing, without which the service degrades, on both ports', async () => {
      const bodies = () =>
        Promise.all([example.base, example.ops].map(async (port) => (await fetch(`${port}/readyz`)).text()))
      const expected =
        'ready\npostgres up (shared, degrades)\nredis up (shared, degrades)\npricing up (shared, degrades)\n'
      await waitFor(async () => (await bodies()).every((body) => body === expected))
      const view = (await (await fetch(`${example.base}/healthz`)).json()) as { checks: Record<string, unknown> }

      expect(await bodies()).toEqual([expected, expected])
      expect(view).toMatchObject({ status: 'pass', serviceId: 'orders' })
      expect(Object.keys(view.checks)).toEqual(['postgres', 'redis', 'pricing'])
    })

    test('an order is created, read and listed when a tenant asks for its own', async () => {
      const created = await place()
      const order = (await created.json()) as { id: string }
      const read = await call(`/orders/${order.id}`)
      const list = (await (await call('/orders')).json()) as { id: string }[]

      expect(created.status).toBe(201)
      expect(order).toMatchObject({ sku: 'pen', quantity: 2, status: 'placed', price_cents: 500 })
      expect(await read.json()).toEqual(order)
      expect(list.map(({ id }) => id)).toContain(order.id)
    })

    test('an order stays unseen, cached or not, when another tenant asks for it', async () => {
      const { id } = (await (await place()).json()) as { id: string }

      const before = await call(`/orders/${id}`, { key: 'globex-key' })
      const owner = await call(`/orders/${id}`)
      const after = await call(`/orders/${id}`, { key: 'globex-key' })
      const list = await (await call('/orders', { key: 'globex-key' })).text()

      expect([before.status, owner.status, after.status]).toEqual([404, 200, 404])
      expect(list).not.toContain(id)
    })

    test.each([
      ['no key', '/orders', { headers: { 'x-api-key': '' } }, 401],
      ['a quantity of 0', '/orders', { method: 'POST', body: '{"sku":"pen","quantity":0}' }, 400],
      ['half a body', '/orders', { method: 'POST', body: '{"sku":' }, 400],
      ['an unknown order', '/orders/none', {}, 404],
      ['an unknown route', '/nowhere', {}, 404],
    ])('a request with %s is refused with a JSON error and both ids', async (_, path, init, status) => {
      const response = await call(path, {
        ...init,
        headers: { 'content-type': 'application/json', ...('headers' in init ? init.headers : {}) },
      })

      expect(response.status).toBe(status)
      expect(await response.json()).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } })
      expect(response.headers.get('x-trace-id')).toMatch(HEX_32)
      expect(response.headers.get('x-request-id')).toBeTruthy()
    })

    test('the log line has the contract fields in order when a request completes', async () => {
      const response = await call('/orders', { headers: { 'x-request-id': 'req-42' } })
      const line = await lineOf(response.headers.get('x-trace-id'), 'request completed')

      expect(Object.keys(line)).toEqual([
        'timestamp',
        'level',
        'service',
        'version',
        'env',
        'message',
        'trace_id',
        'span_id',
        'request_id',
        'tenant',
        'user_id',
        'context',
      ])
      expect(line).toMatchObject({
        level: 'info',
        service: 'orders',
        request_id: 'req-42',
        tenant: 'acme',
        user_id: 'u-ada',
      })
      expect(fields(line)).toMatchObject({ method: 'GET', route: '/orders', path: '/orders', status: 200 })
    })

    test.each([
      ['traceparent', { traceparent: TRACEPARENT }],
      ['X-Trace-Id', { 'x-trace-id': TRACE }],
    ])('the trace of a failing request is the one that %s names, in header, line and span', async (_, headers) => {
      const spansBefore = example.collector.spans.length
      example.pricing.respond = (_request, response) => void response.writeHead(500).end()

      const response = await call('/orders', {
        method: 'POST',
        body: '{"sku":"lamp","quantity":1}',
        headers: { 'content-type': 'application/json', ...headers },
      })
      await waitFor(() => example.collector.spans.slice(spansBefore).some(({ traceId }) => traceId === TRACE))

      expect(response.headers.get('x-trace-id')).toBe(TRACE)
      expect((await lineOf(TRACE, 'request failed'))['level']).toBe('error')
      expect(example.collector.spans.slice(spansBefore)).toContainEqual(
        expect.objectContaining({ traceId: TRACE, error: true }),
      )
    })

    test('every span of a failing request is exported although nothing was sampled', async () => {
      example.pricing.respond = (_request, response) => void response.writeHead(500).end()
      const response = await place('globex-key', 'lamp')
      const own = () => example.collector.spans.filter(({ traceId }) => traceId === response.headers.get('x-trace-id'))
      await waitFor(() => own().some(({ parentSpanId }) => parentSpanId === undefined))

      expect(response.status).toBe(502)
      const root = own().find(({ parentSpanId }) => parentSpanId === undefined)
      expect(root).toMatchObject({ name: 'POST /orders', error: true, attributes: { 'http.route': '/orders' } })
      expect(
        own().some(
          ({ parentSpanId, attributes }) => parentSpanId === root?.spanId && attributes['peer.service'] === 'pricing',
        ),
      ).toBe(true)
    })

    test('a new trace is begun and nothing echoed when the headers are malformed', async () => {
      const response = await call('/orders', {
        headers: { traceparent: TRACEPARENT.toUpperCase(), 'x-trace-id': 'x'.repeat(32) },
      })

      expect(response.headers.get('x-trace-id')).toMatch(HEX_32)
      expect(response.headers.get('x-trace-id')).not.toBe(TRACE)
    })

    test('the call to pricing carries trace and remaining time when an order is placed', async () => {
      const before = example.pricing.requests.length
      const response = await place()

      const { headers } = example.pricing.requests[before] as { headers: Record<string, string> }
      expect(headers['x-trace-id']).toBe(response.headers.get('x-trace-id'))
      expect(headers['traceparent']).toMatch(
        new RegExp(`^00-${response.headers.get('x-trace-id')}-[0-9a-f]{16}-0[01]$`),
      )
      expect(Number(headers['x-request-timeout-ms'])).toBeGreaterThan(0)
    })

    test('the metrics pass promtool and name the route template', async () => {
      const text = await (await fetch(`${example.ops}/metrics`)).text()
      const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })

      expect(check.error).toBeUndefined()
      expect(check.stdout + check.stderr).toBe('')
      expect(check.status).toBe(0)
      expect(text).toMatch(/http_requests_total\{method="GET",route="\/orders\/:id",status="200"\} \d+/)
      expect(text).toMatch(/http_request_duration_seconds_bucket\{feature="checkout",method="GET",route="\/orders"/)
      expect(text).toMatch(/build_info\{/)
      expect(text).toMatch(/cache_hit_ratio\{/)
      expect(text).toMatch(/db_query_duration_seconds_count\{/)
    })

    test('unmatched paths stay one series when a scanner tries hundreds', async () => {
      for (let i = 0; i < 300; i += 30)
        await Promise.all(Array.from({ length: 30 }, (_, j) => call(`/scan/${i + j}.php`).then((r) => r.text())))
      const text = await (await fetch(`${example.ops}/metrics`)).text()

      expect(text).not.toContain('/scan/')
      expect(
        text.match(/http_requests_total\{method="GET",route="__unmatched__",status="404"\} (\d+)/)?.[1],
      ).toBeDefined()
    })

    test('a stream is delivered whole and observed once', async () => {
      await place('initech-key')
      const response = await call('/orders/export', { key: 'initech-key' })
      const body = await response.text()

      expect(
        body
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toHaveLength(1)
      const line = await lineOf(response.headers.get('x-trace-id'), 'request completed')
      expect(fields(line)).toMatchObject({ route: '/orders/export', status: 200 })
    })

    test('a client that goes away is recorded as 499 and its call to pricing is aborted', async () => {
      let aborted = false
      const client = new AbortController()
      example.pricing.respond = (request) => {
        request.once('close', () => {
          aborted = true
        })
        client.abort()
      }
      const headers = { 'x-api-key': 'acme-key', 'content-type': 'application/json', 'x-trace-id': 'c'.repeat(32) }
      const request = httpRequest(`${example.base}/orders`, { method: 'POST', headers, signal: client.signal }).on(
        'error',
        () => {},
      )
      request.end('{"sku":"pen","quantity":1}')

      const line = await lineOf('c'.repeat(32), 'request completed')
      await waitFor(() => aborted)

      expect(fields(line)).toMatchObject({ status: 499 })
    })

    test('the log level changes while the service runs when an operator says so', async () => {
      const change = { method: 'PUT', body: '{"level":"debug","by":"test"}' }
      const changed = await fetch(`${example.ops}/ops/loglevel`, change)
      const shown = (await (await fetch(`${example.ops}/ops/loglevel`)).json()) as { level: string }

      expect(changed.status).toBe(200)
      expect(shown.level).toBe('debug')
    })

    test('no secret is shown by the configuration page or any line', async () => {
      const page = await (await fetch(`${example.ops}/ops/config`)).text()
      const printed = page + JSON.stringify(example.lines) + example.stray.join('\n')

      expect(page).toContain('DATABASE_URL')
      expect(printed).not.toMatch(/local-only-not-a-secret|postgres:postgres@/)
    })

    test('no request fails and the process ends with 0 and a report when SIGTERM comes under load', async () => {
      const failures: unknown[] = []
      let sent = 0
      let ending = false
      const client = async () => {
        while (!ending) {
          const answered = await call('/orders').then(
            (response) => response.text().then(() => response.status),
            (error: unknown) => (error as { cause?: { code?: string } }).cause?.code,
          )
          sent++
          // A refused connection after the port is closed is what a balancer routes around; anything else is a lost request.
          if (answered === 'ECONNREFUSED') return
          if (answered !== 200) failures.push(answered)
        }
      }
      const clients = Array.from({ length: 20 }, client)
      await waitFor(() => sent > 200)

      const code = await example.terminate()
      ending = true
      await Promise.all(clients)

      expect(failures).toEqual([])
      expect(code).toBe(0)
      expect(example.stray).toEqual([])
      expect(example.lines.some((line) => /drain|stopped|end of life/i.test(String(line['message'])))).toBe(true)
    }, 30_000)
  },
)
