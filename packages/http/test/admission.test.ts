/** Who is served once it is known who asks, how many at once, and what the others are told. */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createContext, currentContext, runInContext, systemClock } from '@ops/core'
import { createClient, createRequestPath, proceed, type RequestPathOptions } from '@ops/http'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A server that admits as an adapter does; requests to `/held` are answered by `release`. */
async function serve(options: RequestPathOptions = {}) {
  const [logs, metrics] = [recordLogs(), recordMetrics()]
  const ports: RequestPathOptions = { logger: logs.logger, meter: metrics.meter }
  // Getters stay getters.
  const path = createRequestPath(Object.defineProperties(ports, Object.getOwnPropertyDescriptors(options)))
  const held: (() => void)[] = []
  const server = createServer((request, response) => {
    const refusal = path.intercept(request)
    if (refusal !== undefined) return void response.writeHead(refusal.status, refusal.headers).end(refusal.body)
    const observation = path.start(request, response)
    observation.context.identify({ userId: request.headers['x-user'] as string | undefined })
    const serveIt = () => {
      if (request.url === '/held') held.push(() => response.end())
      else if (request.url === '/fails') response.writeHead(500).end()
      else response.end('served')
    }
    const admission = path.admit(observation)
    if (admission === undefined) return serveIt()
    void admission.then((one) => proceed(response, one, serveIt))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, logs, metrics }
}

describe('admit()', () => {
  test('admit() is undefined at once when there is no limiter and time is left', () => {
    const path = createRequestPath()
    const context = createContext({ deadline: systemClock.monotonic() + 60_000 })

    expect(path.admit({ context, route: undefined, fail() {} })).toBeUndefined()
  })

  test('admit() leaves the limiter for later when nobody is identified yet', () => {
    const path = createRequestPath({ limiter: { take: () => Promise.reject(new Error('asked')) } })

    expect(path.admit({ context: createContext(), route: undefined, fail() {} }, false)).toBeUndefined()
  })

  test('admit() refuses with 429 and the headers of the limiter when the user has none left', async () => {
    const asked: (string | undefined)[] = []
    const limiter = {
      async take() {
        asked.push(currentContext()?.userId)
        return { allowed: asked.length < 2, headers: { 'RateLimit-Remaining': String(2 - asked.length) } }
      },
    }
    const { url, logs, metrics } = await serve({ limiter })

    const served = await fetch(url, { headers: { 'x-user': 'u1' } })
    const refused = await fetch(url, { headers: { 'x-user': 'u1' } })

    expect([served.status, served.headers.get('ratelimit-remaining')]).toEqual([200, '1'])
    expect([refused.status, refused.headers.get('ratelimit-remaining')]).toEqual([429, '0'])
    expect(await refused.json()).toMatchObject({ error: { code: 'OPS_HTTP_RATE_LIMITED' } })
    expect(asked).toEqual(['u1', 'u1'])
    await waitFor(() => logs.records.length === 2)
    expect(metrics.value('http_requests_total', { status: '429' })).toBe(1)
  })

  test('admit() goes on when the limiter fails, and says so', async () => {
    const { url, logs } = await serve({ limiter: { take: () => Promise.reject(new Error('broken')) } })

    expect((await fetch(url)).status).toBe(200)
    await waitFor(() => logs.records.some(({ level }) => level === 'warn'))
  })

  test('admit() asks a limiter that came after the path', async () => {
    const options: { limiter?: NonNullable<RequestPathOptions['limiter']> } = {}
    const { url } = await serve({
      get limiter() {
        return options.limiter
      },
    })

    const before = await fetch(url)
    options.limiter = { take: async () => ({ allowed: false, headers: {} }) }

    expect([before.status, (await fetch(url)).status]).toEqual([200, 429])
  })

  test.each([
    ['x-request-timeout-ms', undefined, '0'],
    ['X-Deadline-Ms', 'x-deadline-ms', '0'],
    ['grpc-timeout', 'grpc-timeout', '0n'],
  ])('admit() answers 504 when %s of a trusted peer says that the time is up', async (name, timeoutHeader, value) => {
    const { url, logs, metrics } = await serve({ timeoutHeader })

    const late = await fetch(url, { headers: { [name]: value } })

    expect(late.status).toBe(504)
    expect(await late.json()).toMatchObject({ error: { code: 'OPS_HTTP_DEADLINE_EXCEEDED' } })
    await waitFor(() => logs.records.length === 1)
    expect(metrics.value('http_requests_total', { status: '504' })).toBe(1)
  })

  test('admit() answers 504 when the time runs out while the limiter is asked', async () => {
    const { url } = await serve({
      limiter: {
        async take() {
          const { deadline = 0 } = currentContext() ?? {}
          await waitFor(() => systemClock.monotonic() > deadline)
          return { allowed: true, headers: {} }
        },
      },
    })

    expect((await fetch(url, { headers: { 'x-request-timeout-ms': '5' } })).status).toBe(504)
  })

  test('admit() does not believe a deadline of a peer that is not trusted', async () => {
    const { url } = await serve({ trust: 'none' })

    expect((await fetch(url, { headers: { 'x-request-timeout-ms': '0' } })).status).toBe(200)
  })
})

describe('intercept()', () => {
  test('intercept() refuses what the limit of concurrency refuses, by priority, and never a probe', async () => {
    const asked: (string | undefined)[] = []
    const concurrency = {
      admit(priority?: string) {
        asked.push(priority)
        return priority === 'low' ? { retryAfterMs: 1_500 } : undefined
      },
      enter() {},
      leave() {},
    }
    const { url, metrics } = await serve({
      concurrency,
      health: { handle: (path) => (path === '/livez' ? { status: 200, headers: {}, body: 'alive' } : undefined) },
      priority: ({ url: path }) => (path === '/export' ? 'low' : 'high'),
    })

    const statuses = []
    for (const path of ['/livez', '/export', '/orders']) statuses.push((await fetch(`${url}${path}`)).status)

    expect(statuses).toEqual([200, 503, 200])
    expect(asked).toEqual(['low', 'high'])
    expect(metrics.value('http_requests_shed_total', { priority: 'low' })).toBe(1)
  })

  test('start() tells the limit of concurrency when requests begin and how they end', async () => {
    const ends: (number | undefined)[] = []
    let running = 0
    const concurrency = {
      admit: () => undefined,
      enter: () => void running++,
      leave(durationMs: number | undefined) {
        running--
        ends.push(durationMs)
      },
    }
    const { url, held } = await serve({ concurrency })

    await fetch(url)
    await fetch(`${url}/fails`)
    const client = httpRequest(`${url}/held`).on('error', () => {})
    client.end()
    await waitFor(() => held.length === 1)
    expect(running).toBe(1)
    client.destroy()
    await waitFor(() => ends.length === 3)

    expect(running).toBe(0)
    expect(ends).toEqual([expect.any(Number), undefined, undefined])
  })
})

describe('createClient()', () => {
  test('fetch() says how long is left in the header it is told, by that header’s grammar', async () => {
    const sent: Headers[] = []
    const call = (timeoutHeader?: string) => {
      const fetchOnce: typeof fetch = async (_, init) => {
        sent.push(init?.headers as Headers)
        return new Response()
      }
      const client = createClient({
        ...{ name: 'pricing', baseUrl: 'http://pricing.invalid', timeoutMs: 1_500, fetch: fetchOnce },
        ...(timeoutHeader === undefined ? {} : { timeoutHeader }),
      })
      return runInContext(createContext(), () => client.fetch('/'))
    }

    await call()
    await call('grpc-timeout')

    expect(sent[0]?.get('x-request-timeout-ms')).toBe('1500')
    expect(sent[1]?.get('grpc-timeout')).toBe('1500m')
    expect(sent[1]?.get('x-request-timeout-ms')).toBeNull()
  })

  test('fetch() blames nobody when a sending was given up for a quicker one', async () => {
    const spans = recordSpans()
    closers.push(() => spans.stop())
    const metrics = recordMetrics()
    const quicker = new AbortController()
    const client = createClient({
      ...{ name: 'pricing', baseUrl: 'http://pricing.invalid', meter: metrics.meter },
      fetch: (_, init) =>
        new Promise((_resolve, reject) =>
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true }),
        ),
      policy: () => (call) => call.send({ number: 1, timeoutMs: 1_000, signal: quicker.signal, hedge: true }),
    })

    const given = expect(client.fetch('/')).rejects.toThrow()
    quicker.abort()
    await given

    expect(spans.spans[0]?.attributes).toMatchObject({ 'ops.hedge': true, 'ops.cancelled': true })
    expect(spans.spans[0]?.status?.code ?? 0).toBe(0)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBeUndefined()
  })
})
