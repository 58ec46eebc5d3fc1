import { Readable } from 'node:stream'
import { currentContext, requireTenant } from '@ops/core'
import { waitFor } from '@ops/testing'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { serve, TRACE_ID } from './observed-app.ts'

describe('opsExpress()', () => {
  test('opsExpress() records the route template when a parametric route answers', async () => {
    const { url, logs, metrics, spans } = await serve((app) => app.get('/orders/:id', (_, res) => void res.json({})))

    const response = await fetch(`${url}/orders/7`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toBe(spans[0]?.traceId)
    expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '200' })).toBe(1)
    expect(spans[0]?.name).toBe('GET /orders/:id')
  })

  test('opsExpress() logs the whole path when a nested router answers', async () => {
    const nested = express.Router().get('/:id', (_, response) => void response.end())
    const { url, logs } = await serve((app) => void app.use('/orders', nested))

    await (await fetch(`${url}/orders/7?x=1`)).text()
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ path: '/orders/7', route: '/orders/:id' })
  })

  test('opsExpress() names where a router is mounted by its pattern, never by a tenant or an id', async () => {
    const { Router } = express
    const answer = express.Router().get('/:id', (_, response) => void response.end())
    const shops = Router({ mergeParams: true }).use('/orders', answer)
    const twice = Router().get('/:id', (_, response) => void response.end())
    const below = express().get('/:id', (_, response) => void response.end())
    const { url, logs } = await serve((app) => {
      app.use('/shops/:shop', shops)
      app.use('/a/:x', twice)
      app.use('/b/:y/', twice)
      app.use('/apps/:app', below)
    })
    const paths = ['/shops/acme/orders/7', '/shops/globex/orders/8', '/a/1/2', '/b/1/2', '/apps/1/2']

    for (const path of paths) await (await fetch(`${url}${path}`)).text()
    await waitFor(() => logs.records.length === paths.length)

    expect(logs.records.map(({ fields }) => fields['route'])).toEqual([
      ...['/shops/:shop/orders/:id', '/shops/:shop/orders/:id'],
      ...['/a/:x/:id', '/b/:y/:id', '/apps/:app/:id'],
    ])
  })

  test('opsExpress() runs handlers in the context when the tenant is identified', async () => {
    const { url } = await serve((app) =>
      app.get('/', (_, res) => void res.json({ tenant: requireTenant('read'), trace: currentContext()?.traceId })),
    )

    const response = await fetch(url, { headers: { 'x-api-key': 'acme' } })

    expect(await response.json()).toEqual({ tenant: 'acme', trace: response.headers.get('x-trace-id') })
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
})
