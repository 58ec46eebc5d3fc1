import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createContext, runInContext, systemClock } from '@ops/core'
import { type ClientCall, type ClientPolicy, createClient } from '@ops/http'
import { createFaultProxy, createTestClock, recordMetrics, recordSpans } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function dependency(listener: RequestListener) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy = await createFaultProxy({ host: '127.0.0.1', port })
  const spans = recordSpans()
  closers.push(
    () => spans.stop(),
    async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    () => proxy.close(),
  )
  return { requests, proxy, spans: spans.spans, baseUrl: `http://127.0.0.1:${proxy.port}/v1` }
}

describe('createClient()', () => {
  test('fetch() carries trace, request time and one span when called in a context', async () => {
    const { requests, spans, baseUrl } = await dependency((_, response) => void response.end('{}'))
    const metrics = recordMetrics()
    const client = createClient({ name: 'pricing', baseUrl, timeoutMs: 1000, meter: metrics.meter })
    const context = createContext({ deadline: systemClock.monotonic() + 500 })

    const response = await runInContext(context, () => client.fetch('/prices/1'))

    expect(response.status).toBe(200)
    expect(requests[0]?.url).toBe('/v1/prices/1')
    expect(requests[0]?.headers['x-trace-id']).toBe(context.traceId)
    expect(requests[0]?.headers['traceparent']).toBe(`00-${context.traceId}-${spans[0]?.spanId}-01`)
    expect(Number(requests[0]?.headers['x-request-timeout-ms'])).toBeLessThanOrEqual(500)
    expect(
      metrics.value('http_client_request_duration_seconds', { client: 'pricing', method: 'GET', status: '200' }),
    ).toBe(1)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(1)
  })

  test('fetch() marks the dependency down when it answers 500', async () => {
    const { spans, baseUrl } = await dependency((_, response) => void response.writeHead(500).end())
    const metrics = recordMetrics()

    const response = await createClient({ name: 'pricing', baseUrl, meter: metrics.meter }).fetch('/')

    expect(response.status).toBe(500)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(0)
    expect(spans[0]?.status.code).toBe(2)
  })

  test('fetch() throws HttpTimeoutError when the dependency hangs', async () => {
    const { baseUrl, spans } = await dependency(() => {})
    const metrics = recordMetrics()
    const client = createClient({ name: 'pricing', baseUrl, timeoutMs: 50, meter: metrics.meter })

    await expect(client.fetch('/')).rejects.toMatchObject({ code: 'OPS_HTTP_TIMEOUT' })

    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(0)
    expect(spans[0]?.ended).toBe(true)
  })

  test.each([
    ['json()', (response: Response) => response.json()],
    ['text()', (response: Response) => response.text()],
    ['a stream', (response: Response) => new Response(response.body).text()],
  ])(
    'fetch() bounds the body too: %s rejects with HttpTimeoutError when the dependency stalls in it',
    async (_, read) => {
      const { baseUrl } = await dependency((_, response) => void response.writeHead(200).write('{"half":'))
      const clock = createTestClock()
      const client = createClient({ name: 'pricing', baseUrl, timeoutMs: 150, clock })

      const response = await client.fetch('/')
      const timedOut = expect(read(response)).rejects.toMatchObject({ code: 'OPS_HTTP_TIMEOUT' })
      await clock.advance(150)

      expect(response.status).toBe(200)
      await timedOut
    },
  )

  test('fetch() marks the dependency down when it stalls in the body, and takes it back with the next answer', async () => {
    let stalls = true
    const { baseUrl } = await dependency((_, response) => {
      response.writeHead(200).write('[1')
      if (!stalls) response.end(']')
    })
    const metrics = recordMetrics()
    const clock = createTestClock()
    const client = createClient({ name: 'pricing', baseUrl, timeoutMs: 150, meter: metrics.meter, clock })
    const up = () => metrics.value('dependency_up', { dependency: 'pricing' })

    const text = (await client.fetch('/')).text().catch(() => {})
    await clock.advance(150)
    await text
    const stalled = up()
    stalls = false
    const whole = await (await client.fetch('/')).json()

    expect([stalled, whole, up()]).toEqual([0, [1], 1])
  })

  test('fetch() says HttpUnreachableError when the connection is cut in the body, and leaves bad JSON as it is', async () => {
    const { proxy, baseUrl } = await dependency((request, response) => {
      if (request.url === '/v1/bad') response.end('{"half":')
      else response.writeHead(200, { 'content-length': '100' }).write('half')
    })
    const client = createClient({ name: 'pricing', baseUrl })

    await expect((await client.fetch('/bad')).json()).rejects.toThrow(SyntaxError)
    const text = (await client.fetch('/cut')).text()
    proxy.cut()

    await expect(text).rejects.toMatchObject({ code: 'OPS_HTTP_UNREACHABLE' })
  })

  test('fetch() aborts the body with the reason of the context when its caller has gone', async () => {
    const { baseUrl } = await dependency((_, response) => void response.writeHead(200).write('half'))
    const client = createClient({ name: 'pricing', baseUrl })
    const context = createContext()

    const response = await runInContext(context, () => client.fetch('/'))
    const text = response.text()
    context.abort(new Error('the caller has gone'))

    await expect(text).rejects.toThrow('the caller has gone')
  })

  test('fetch() holds no timer once the body was read', async () => {
    const { baseUrl } = await dependency((_, response) => void response.end('{}'))
    const timers = new Set<object>()
    const clock = {
      ...systemClock,
      setTimeout: (callback: () => void, delayMs: number) => {
        const timer = systemClock.setTimeout(callback, delayMs)
        timers.add(timer)
        return {
          cancel: () => {
            timers.delete(timer)
            timer.cancel()
          },
        }
      },
    }
    const client = createClient({ name: 'pricing', baseUrl, clock })

    const response = await client.fetch('/')
    const before = timers.size
    await response.json()

    expect([before, timers.size]).toEqual([1, 0])
  })

  test('fetch() throws HttpTimeoutError when the context deadline passes first', async () => {
    const { baseUrl } = await dependency(() => {})
    const client = createClient({ name: 'pricing', baseUrl, timeoutMs: 60_000 })
    const context = createContext({ deadline: systemClock.monotonic() + 30 })

    await expect(runInContext(context, () => client.fetch('/'))).rejects.toMatchObject({ code: 'OPS_HTTP_TIMEOUT' })
  })

  test('fetch() throws HttpUnreachableError when the connection is refused', async () => {
    const { proxy, baseUrl } = await dependency((_, response) => void response.end())
    proxy.failNext(1)

    await expect(createClient({ name: 'pricing', baseUrl }).fetch('/')).rejects.toMatchObject({
      code: 'OPS_HTTP_UNREACHABLE',
    })
  })

  test('fetch() throws HttpUnreachableError when the connection is cut while waiting', async () => {
    const { proxy, baseUrl } = await dependency(() => proxy.cut())

    await expect(createClient({ name: 'pricing', baseUrl }).fetch('/')).rejects.toMatchObject({
      code: 'OPS_HTTP_UNREACHABLE',
    })
  })

  test("fetch() throws the signal's reason and leaves dependency_up alone when the caller aborts", async () => {
    const abort = new AbortController()
    const { baseUrl } = await dependency(() => abort.abort(new Error('enough')))
    const metrics = recordMetrics()
    const client = createClient({ name: 'pricing', baseUrl, meter: metrics.meter })

    await expect(client.fetch('/', { signal: abort.signal })).rejects.toThrow('enough')

    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBeUndefined()
  })

  test('fetch() sends as often as its policy asks, each time as a span of its own that carries its number', async () => {
    const { requests, spans, baseUrl } = await dependency((_, response) => void response.end())
    const policy: ClientPolicy =
      ({ name }) =>
      async ({ method, replayable, send }) => {
        expect([name, method, replayable]).toEqual(['pricing', 'PUT', true])
        await send({ number: 1, timeoutMs: 400 })
        return send({ number: 2, timeoutMs: 300 })
      }

    await createClient({ name: 'pricing', baseUrl, policy }).fetch('/', { method: 'put', body: 'x' })

    expect(requests.map(({ headers }) => headers['x-request-timeout-ms'])).toEqual(['400', '300'])
    expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1])
  })

  test.each([
    ['a stream of the web', () => new Blob(['x']).stream(), false],
    ['a stream of Node', () => Readable.from(['x']), false],
    ['text', () => 'x', true],
    ['nothing', () => undefined, true],
  ])('fetch() tells its policy whether it can be sent again when the body is %s', async (_, body, replayable) => {
    const calls: ClientCall[] = []
    const policy: ClientPolicy = () => async (call) => {
      calls.push(call)
      return new Response()
    }

    await createClient({ name: 'a', baseUrl: 'http://a.test', policy }).fetch('/', {
      method: 'POST',
      body: body() as RequestInit['body'] & {},
    })

    expect(calls[0]?.replayable).toBe(replayable)
  })

  test('fetch() refuses another origin, so that trace headers cannot leave', async () => {
    const { baseUrl } = await dependency((_, response) => void response.end())

    await expect(createClient({ name: 'pricing', baseUrl }).fetch('https://evil.example/x')).rejects.toThrow(
      /Cannot call/,
    )
  })

  test.each([
    [{ name: '', baseUrl: 'http://a' }, /name is ""/],
    [{ name: 'a', baseUrl: '/relative' }, /expected an absolute http\(s\) URL/],
    [{ name: 'a', baseUrl: 'ftp://a' }, /expected an absolute http\(s\) URL/],
    [{ name: 'a', baseUrl: 'http://a', timeoutMs: 0 }, /timeoutMs is 0, expected 1 to/],
  ])('createClient() throws when given %o', (options, message) => {
    expect(() => createClient(options)).toThrow(message)
  })
})
