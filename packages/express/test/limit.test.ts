import { currentContext } from '@ops/core'
import { opsExpress, opsExpressLimit } from '@ops/express'
import { waitFor } from '@ops/testing'
import express from 'express'
import { expect, test } from 'vitest'
import { listen, serve, TRACE_ID } from './observed-app.ts'

/** Lets each tenant or user through once. */
function once() {
  const seen = new Set<string>()
  return {
    async take() {
      const { tenant, userId } = currentContext() ?? {}
      const allowed = !seen.has(`${tenant}/${userId}`)
      seen.add(`${tenant}/${userId}`)
      return { allowed, headers: { RateLimit: '"api";r=0;t=60', ...(allowed ? {} : { 'Retry-After': '60' }) } }
    },
  }
}

test('opsExpress() answers 429 with the headers of the limiter when a tenant has used up its limit', async () => {
  let handled = 0
  const routes = (app: express.Express) =>
    app.get('/', (_, response) => {
      handled++
      response.json({ tenant: currentContext()?.tenant })
    })
  const { url, logs } = await serve(routes, { limiter: once() })
  const call = (tenant: string) => fetch(url, { headers: { 'x-api-key': tenant } })

  const [first, second, other] = [await call('acme'), await call('acme'), await call('globex')]

  expect([first.status, second.status, other.status]).toEqual([200, 429, 200])
  expect(first.headers.get('ratelimit')).toBe('"api";r=0;t=60')
  expect(second.headers.get('retry-after')).toBe('60')
  expect(second.headers.get('x-trace-id')).toMatch(TRACE_ID)
  expect(await second.json()).toMatchObject({ error: { code: 'OPS_HTTP_RATE_LIMITED' } })
  expect(await first.json()).toEqual({ tenant: 'acme' })
  expect(handled).toBe(2)
  await waitFor(() => logs.records.length === 3)
})

test('opsExpress() counts what is refused before routing by the route it was meant for', async () => {
  const refuse = { take: async () => ({ allowed: false, headers: {} }) }
  const routes = (app: express.Express) => {
    app.get('/orders/:id', (_, response) => void response.end())
    app.use(
      '/shops/:shop',
      express.Router().post('/orders', (_, response) => void response.end()),
    )
  }
  const { url, logs } = await serve(routes, { limiter: refuse })
  const call = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status

  const statuses = [
    await call('/orders/7?x=1'),
    await call('/shops/a/orders', { method: 'POST' }),
    await call('/orders/7', { headers: { 'x-request-timeout-ms': '0' } }),
    await call('/orders/7', { method: 'PUT' }),
    await call('/wp-login.php'),
    await call('/orders/%zz'),
  ]
  await waitFor(() => logs.records.length === 6)

  expect(statuses).toEqual([429, 429, 504, 429, 429, 429])
  expect(logs.records.map(({ fields }) => fields['route'])).toEqual([
    ...['/orders/:id', '/shops/:shop/orders', '/orders/:id'],
    ...['__unmatched__', '__unmatched__', '__unmatched__'],
  ])
})

test('opsExpress() counts what middleware refuses by the route it was meant for', async () => {
  const { url, metrics, logs } = await serve((app) => {
    app.use((_, response) => void response.status(401).end())
    app.get('/orders/:id', (_, response) => void response.end())
  })

  await fetch(`${url}/orders/7`)
  await waitFor(() => logs.records.length === 1)

  expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '401' })).toBe(1)
})

test('opsExpressLimit limits the user that later middleware identified', async () => {
  const app = express()
  app.use(opsExpress({ ops: { limiter: once() } }))
  app.use((request, _, next) => {
    currentContext()?.identify({ userId: String(request.headers['x-user']) })
    next()
  })
  app.use(opsExpressLimit)
  app.get('/', (_, response) => void response.end(currentContext()?.userId))
  const url = await listen(app)
  const call = (user: string) => fetch(url, { headers: { 'x-user': user } })

  const [first, second, other] = [await call('u1'), await call('u1'), await call('u2')]

  expect([first.status, second.status, other.status]).toEqual([200, 429, 200])
  expect(await first.text()).toBe('u1')
})

test('opsExpressLimit goes on where opsExpress has asked already, or is not used', async () => {
  const app = express()
  app.use(opsExpressLimit)
  app.use((_, response) => void response.end('through'))
  const url = await listen(app)

  expect(await (await fetch(url)).text()).toBe('through')
})

test('opsExpress() answers 504 when the deadline of a trusted peer has passed', async () => {
  const { url } = await serve((app) => app.get('/', (_, response) => void response.end('late')))

  expect((await fetch(url, { headers: { 'x-request-timeout-ms': '0' } })).status).toBe(504)
})
