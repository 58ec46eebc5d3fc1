/** The pipeline around a real client of @ops/http, in front of a dependency that misbehaves in every way it can. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createContext, runInContext } from '@ops/core'
import { type ClientOptions, createClient } from '@ops/http'
import { createFaultProxy, createTestClock, createTestRandom, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import {
  createRateLimiter,
  describe as describePipeline,
  type StandardPipelineOptions,
  standardPipeline,
} from '../src/index.ts'
import { closing, connect, uniqueName } from './fixture.ts'

const backoff = { baseMs: 1, maxMs: 2 }
/** An attempt may take 5 s: what is not about time goes on real time, on a machine that may be busy. */
const totalTimeoutMs = 20_000

async function setup(
  listener: (at: number, ...rest: Parameters<RequestListener>) => void,
  options: StandardPipelineOptions = {},
  more: Partial<ClientOptions> = {},
) {
  let requests = 0
  const server = createServer((request, response) => listener(++requests, request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await createFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const metrics = recordMetrics()
  const recording = recordSpans()
  closing(() => recording.stop())
  closing(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  closing(() => proxy.close())
  const client = createClient({
    name: 'pricing',
    baseUrl: `http://127.0.0.1:${proxy.port}`,
    meter: metrics.meter,
    ...standardPipeline({ backoff, totalTimeoutMs, ...options }),
    ...more,
  })
  return { client, proxy, metrics, spans: recording.spans, requests: () => requests }
}

test('standardPipeline() retries until the answer is good, each attempt a span with its number', async () => {
  const { client, metrics, spans } = await setup((at, _, response) => void response.writeHead(at < 3 ? 503 : 200).end())

  const response = await client.fetch('/')

  expect(response.status).toBe(200)
  expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2])
  expect(metrics.value('resilience_retries_total', { policy: 'pricing', reason: 'status_503' })).toBe(2)
  expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(1)
  expect(metrics.problems).toEqual([])
})

test('standardPipeline() returns the last answer as it is when all attempts failed', async () => {
  const { client, requests } = await setup((at, _, response) => void response.writeHead(502).end(`answer ${at}`))

  const response = await client.fetch('/')

  expect([response.status, await response.text()]).toEqual([502, 'answer 3'])
  expect(requests()).toBe(3)
})

test.each([
  ['POST', {}, 1],
  ['POST', { 'Idempotency-Key': 'a1' }, 3],
  ['PATCH', {}, 1],
  ['DELETE', {}, 3],
])('standardPipeline() repeats %s with %o in %i attempts', async (method, headers, attempts) => {
  const { client, requests } = await setup((_, __, response) => void response.writeHead(503).end())

  await client.fetch('/', { method, headers })

  expect(requests()).toBe(attempts)
})

test('standardPipeline() does not repeat a body that can be read once', async () => {
  const { client, requests } = await setup((_, request, response) => {
    request.resume().on('end', () => response.writeHead(503).end())
  })

  const body = new Blob(['x']).stream()
  await client.fetch('/', { method: 'PUT', body, duplex: 'half' } as RequestInit)

  expect(requests()).toBe(1)
})

test.each([400, 401, 404, 409, 422, 501])('standardPipeline() does not repeat after a status of %i', async (status) => {
  const { client, requests } = await setup((_, __, response) => void response.writeHead(status).end())

  expect((await client.fetch('/')).status).toBe(status)
  expect(requests()).toBe(1)
})

test('standardPipeline() gives a slow attempt up and answers by the next one', async () => {
  const clock = createTestClock()
  const { client, metrics, requests } = await setup(
    (at, _, response) => void (at > 1 && response.end('quick')),
    { attemptTimeoutMs: 60 },
    { clock },
  )

  const answer = client.fetch('/')
  await waitFor(() => requests() === 1)
  await clock.advance(60 + backoff.maxMs)

  expect(await (await answer).text()).toBe('quick')
  expect(metrics.value('resilience_retries_total', { reason: 'timeout' })).toBe(1)
})

test('standardPipeline() tries again when the connection is refused', async () => {
  const { client, proxy, metrics } = await setup((_, __, response) => void response.end())
  proxy.failNext(1)

  expect((await client.fetch('/')).status).toBe(200)
  expect(metrics.value('resilience_retries_total', { reason: 'unreachable' })).toBe(1)
})

test('standardPipeline() keeps to the deadline of the context and sends what is left of it', async () => {
  const clock = createTestClock()
  const left: number[] = []
  const { client } = await setup(
    (_, request) => void left.push(Number(request.headers['x-request-timeout-ms'])),
    { attemptTimeoutMs: 100 },
    { clock },
  )
  const context = createContext({ deadline: clock.monotonic() + 150 })

  const failed = expect(runInContext(context, () => client.fetch('/'))).rejects.toMatchObject({
    code: 'OPS_HTTP_TIMEOUT',
  })
  await waitFor(() => left.length === 1)
  await clock.advance(100 + backoff.maxMs)
  await waitFor(() => left.length === 2)
  await clock.advance(50)
  await failed

  expect(left[0]).toBe(100)
  expect(left[1]).toBeGreaterThanOrEqual(50 - backoff.maxMs)
  expect(left[1]).toBeLessThanOrEqual(50)
})

test('standardPipeline() does not wait for a Retry-After beyond its time', async () => {
  const { client, requests } = await setup(
    (_, __, response) => void response.writeHead(503, { 'Retry-After': '60' }).end(),
  )

  expect((await client.fetch('/')).status).toBe(503)
  expect(requests()).toBe(1)
})

test('standardPipeline() waits for what Retry-After says before the next attempt', async () => {
  const clock = createTestClock()
  const fetchTwice = async () => new Response(null, ++calls < 2 ? { status: 429, headers: { 'retry-after': '3' } } : {})
  let calls = 0
  const pipeline = standardPipeline({ random: createTestRandom(1) })
  const client = createClient({ name: 'a', baseUrl: 'http://a.test', clock, fetch: fetchTwice, ...pipeline })

  const answer = client.fetch('/')
  await clock.advance(2_999)
  expect(calls).toBe(1)
  await clock.advance(1)

  expect((await answer).status).toBe(200)
})

test('standardPipeline() stops asking a dependency that only fails, and asks again after openMs', async () => {
  const clock = createTestClock()
  let [calls, status] = [0, 500]
  const answer = async () => new Response(String(++calls), { status })
  const breaker = { minimumCalls: 5, openMs: 2_500, samples: 1 }
  const pipeline = standardPipeline({ retries: 0, breaker })
  const client = createClient({ name: 'a', baseUrl: 'http://a.test', clock, fetch: answer, ...pipeline })
  for (let i = 0; i < 5; i++) await client.fetch('/')

  await expect(client.fetch('/')).rejects.toMatchObject({ code: 'OPS_RESILIENCE_CIRCUIT_OPEN', retryAfterMs: 2_500 })
  expect(calls).toBe(5)
  status = 200
  await clock.advance(2_500)

  expect((await client.fetch('/')).status).toBe(200)
})

test('standardPipeline() gives up at once when the caller aborts in the middle of a backoff', async () => {
  const abort = new AbortController()
  const { client, requests, metrics } = await setup((_, __, response) => void response.writeHead(503).end(), {
    backoff: { baseMs: 5_000, maxMs: 5_000 },
    random: { next: () => 0.9 },
  })
  const failed = expect(client.fetch('/', { signal: abort.signal })).rejects.toThrow('enough')
  await waitFor(() => metrics.value('resilience_retries_total') === 1)

  abort.abort(new Error('enough'))
  await failed

  expect(requests()).toBe(1)
  expect(metrics.value('resilience_calls_total', { outcome: 'aborted' })).toBe(1)
})

test('standardPipeline() refuses calls over the limit of its limiter', async () => {
  const limiter = createRateLimiter({
    ...{ redis: await connect(), redisTimeoutMs: 10_000 },
    ...{ name: uniqueName(), limit: 1, perMs: 60_000 },
  })
  const { client, requests } = await setup((_, __, response) => void response.end(), { limiter })
  await client.fetch('/')

  await expect(client.fetch('/')).rejects.toMatchObject({ code: 'OPS_RESILIENCE_RATE_LIMITED', expected: true })

  expect(requests()).toBe(1)
})

test('standardPipeline() takes misuse for no sign of a broken dependency', async () => {
  const { client, metrics } = await setup((_, __, response) => void response.end(), { breaker: { minimumCalls: 1 } })

  await expect(client.fetch('https://elsewhere.test/')).rejects.toThrow('Cannot call')

  await metrics.collect()
  expect(metrics.value('breaker_state', { policy: 'pricing' })).toBe(0)
})

test('describe() lists the standard pipeline in its order', () => {
  const pipeline = standardPipeline({ totalTimeoutMs: 2_000, attemptTimeoutMs: 500 })

  expect(describePipeline(pipeline).replace(/:.*/g, '').split('\n')).toEqual([
    '1. total time',
    '2. retry',
    '3. breaker',
    '4. attempt time',
  ])
})

test('standardPipeline() throws when an attempt may take longer than the whole', () => {
  expect(() => standardPipeline({ totalTimeoutMs: 500, attemptTimeoutMs: 600 })).toThrow(
    'attemptTimeoutMs is 600, expected below timeoutMs (500)',
  )
})
