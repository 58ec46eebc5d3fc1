import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context as otelContext } from '@opentelemetry/api'
import { createContext, runInContext, systemClock } from '@ops/core'
import { createClient, type ObserveFetchOptions, observeFetch } from '@ops/http'
import { recordMetrics, recordSpans, waitFor } from '@ops/testing'
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
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { requests, server, host, url: `http://${host}` }
}

function observe(options: ObserveFetchOptions = {}) {
  const [metrics, spans] = [recordMetrics(), recordSpans()]
  const stop = observeFetch({ meter: metrics.meter, ...options })
  closers.push(stop, () => spans.stop())
  return { metrics, spans: spans.spans, stop }
}

describe('observeFetch()', () => {
  test('observeFetch() makes one span, one duration and a verdict when the global fetch is called', async () => {
    const { host, url, requests } = await dependency((_, response) => void response.end('{}'))
    const { metrics, spans } = observe({ clients: { [host]: 'pricing' }, propagateTo: ['127.0.0.1'] })
    const context = createContext({ deadline: systemClock.monotonic() + 900 })

    await runInContext(context, async () => (await fetch(`${url}/prices?secret=1`)).text())

    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      name: 'GET',
      traceId: context.traceId,
      attributes: { 'peer.service': 'pricing', 'url.full': `${url}/prices`, 'http.response.status_code': 200 },
    })
    expect(requests[0]?.headers['traceparent']).toBe(`00-${context.traceId}-${spans[0]?.spanId}-01`)
    expect(requests[0]?.headers['x-trace-id']).toBe(context.traceId)
    expect(Number(requests[0]?.headers['x-request-timeout-ms'])).toBeLessThanOrEqual(900)
    const labels = { client: 'pricing', method: 'GET', status: '200' }
    expect(metrics.value('http_client_request_duration_seconds', labels)).toBe(1)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(1)
  })

  test.each([
    ['no host is allowed', [], false],
    ['another host is allowed', ['api.example.com', '*.0.0.1.example.com'], false],
    ['the host and another port are allowed', ['127.0.0.1:1'], false],
    ['all below its domain are allowed', ['*.0.0.1'], true],
  ])('observeFetch() decides who receives the trace when %s', async (_, propagateTo, carries) => {
    const { url, requests } = await dependency((_request, response) => void response.end())
    observe({ propagateTo })

    await runInContext(createContext(), async () => (await fetch(url)).text())

    expect(requests[0]?.headers['traceparent'] !== undefined).toBe(carries)
    expect(requests[0]?.headers['x-trace-id'] !== undefined).toBe(carries)
  })

  test('observeFetch() records a failure and the dependency as down when the connection is refused', async () => {
    const { url, host, server } = await dependency((_, response) => void response.end())
    await new Promise((resolve) => server.close(resolve))
    const { metrics, spans } = observe({ clients: { [host]: 'pricing' } })

    await expect(fetch(url)).rejects.toThrow('fetch failed')
    await waitFor(() => spans[0]?.ended === true)

    expect(spans[0]?.status.code).toBe(2)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(0)
    const labels = { client: 'pricing', method: 'GET', status: 'error' }
    expect(metrics.value('http_client_request_duration_seconds', labels)).toBe(1)
  })

  test('observeFetch() leaves the verdict alone when the caller aborts', async () => {
    const abort = new AbortController()
    const { url, host } = await dependency(() => abort.abort())
    const { metrics, spans } = observe({ clients: { [host]: 'pricing' } })

    await expect(fetch(url, { signal: abort.signal })).rejects.toThrow()
    await waitFor(() => spans[0]?.ended === true)

    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBeUndefined()
  })

  test('observeFetch() shares one label when hosts have no name, however many there are', async () => {
    const { url } = await dependency((_, response) => void response.writeHead(503).end())
    const { metrics } = observe()

    for (const host of ['127.0.0.1', 'localhost']) await (await fetch(url.replace('127.0.0.1', host))).text()

    const labels = { client: '_OTHER', method: 'GET', status: '503' }
    expect(metrics.value('http_client_request_duration_seconds', labels)).toBe(2)
    expect(metrics.value('dependency_up', { dependency: '_OTHER' })).toBeUndefined()
  })

  test('observeFetch() leaves calls alone when a client of ours makes them or their context is suppressed', async () => {
    const { url } = await dependency((_, response) => void response.end())
    const { spans } = observe()
    const suppressed = otelContext.active().setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true)

    await (await createClient({ name: 'pricing', baseUrl: url }).fetch('/')).text()
    await otelContext.with(suppressed, async () => (await fetch(url)).text())

    expect(spans.map(({ attributes }) => attributes['peer.service'])).toEqual(['pricing'])
  })

  test('observeFetch() keeps each call with its own unit when many run at once', async () => {
    const { url, requests } = await dependency((_, response) => void response.end())
    const { spans } = observe({ propagateTo: ['127.0.0.1'] })
    const units = Array.from({ length: 50 }, () => createContext())

    await Promise.all(units.map((unit, i) => runInContext(unit, async () => (await fetch(`${url}/${i}`)).text())))

    const carried = new Map(requests.map(({ url: path, headers }) => [path, headers['x-trace-id']]))
    expect(units.map(({ traceId }) => traceId)).toEqual(units.map((_, i) => carried.get(`/${i}`)))
    expect(spans).toHaveLength(50)
  })

  test('observeFetch() observes nothing more when it was stopped', async () => {
    const { url, requests } = await dependency((_, response) => void response.end())
    const { spans, stop } = observe({ propagateTo: ['127.0.0.1'] })
    stop()

    await runInContext(createContext(), async () => (await fetch(url)).text())

    expect([spans.length, requests[0]?.headers['traceparent']]).toEqual([0, undefined])
  })
})
