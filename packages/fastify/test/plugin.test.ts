import { Readable } from 'node:stream'
import { currentContext, requireTenant } from '@ops/core'
import { opsFastify } from '@ops/fastify'
import { recordLogs, recordMetrics, waitFor } from '@ops/testing'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { serve, TRACE_ID } from './observed-app.ts'

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

  test('opsFastify() counts unmatched paths as one route when nothing handles them', async () => {
    const { url, logs, metrics } = await serve(() => {})

    const response = await fetch(`${url}/nowhere`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(metrics.value('http_requests_total', { route: '__unmatched__', status: '404' })).toBe(1)
  })

  test('opsFastify() observes the whole stream when a handler streams', async () => {
    const { url, logs } = await serve((app) => app.get('/', (_, reply) => reply.send(Readable.from(['a', 'b', 'c']))))

    expect(await (await fetch(url)).text()).toBe('abc')
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ status: 200 })
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

test('opsFastify() reserves a place for each route when it is registered, prefixes included', async () => {
  const { meter } = recordMetrics()
  const reserved: unknown[] = []
  const reserve = (metric: string, { route }: Readonly<Record<string, readonly string[]>>) =>
    reserved.push([metric, route])
  const app = fastify()
  await app.register(opsFastify, { service: { ops: { meter: { ...meter, reserve } } } })
  await app.register(async (nested) => void nested.get('/items/:id', async () => 'one'), { prefix: '/shop' })
  await app.ready()
  await app.close()

  expect(reserved).toContainEqual(['http_requests_total', ['/shop/items/:id']])
  expect(reserved).toContainEqual(['http_request_duration_seconds', ['/shop/items/:id']])
  expect(reserved).toContainEqual(['http_requests_total', ['__unmatched__']])
})
