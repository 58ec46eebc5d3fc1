import { OPS } from '@ops/nestjs'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { serve, TRACE_ID } from './observed-app.ts'

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test('forRoot() observes a request once when a controller answers', async () => {
    const { url, logs, metrics, spans } = await serve(platform)

    const response = await fetch(`${url}/orders/7`, { headers: { 'x-api-key': 'acme' } })
    await waitFor(() => logs.records.length === 1)

    expect(await response.json()).toEqual({ tenant: 'acme', trace: response.headers.get('x-trace-id') })
    expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '200' })).toBe(1)
    expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
      ['GET /orders/:id', response.headers.get('x-trace-id')],
    ])
  })

  test('forRoot() counts unmatched paths as one route when nothing handles them', async () => {
    const { url, logs, metrics } = await serve(platform)

    const response = await fetch(`${url}/nowhere`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(metrics.value('http_requests_total', { route: '__unmatched__', status: '404' })).toBe(1)
  })

  test('forRoot() gives the parts to whoever injects OPS', async () => {
    const { app, service } = await serve(platform)

    expect(app.get(OPS)).toBe(service.ops)
  })
})
