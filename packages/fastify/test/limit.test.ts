import { currentContext } from '@ops/core'
import { waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import { serve, TRACE_ID } from './observed-app.ts'

/** Lets each tenant through once. */
function once() {
  const seen = new Set<string | undefined>()
  return {
    async take() {
      const tenant = currentContext()?.tenant
      const allowed = !seen.has(tenant)
      seen.add(tenant)
      return { allowed, headers: { RateLimit: '"api";r=0;t=60', ...(allowed ? {} : { 'Retry-After': '60' }) } }
    },
  }
}

test('opsFastify() answers 429 with the headers of the limiter when a tenant has used up its limit', async () => {
  let handled = 0
  const { url, logs } = await serve(
    (app) =>
      app.get('/', async () => {
        handled++
        return { tenant: currentContext()?.tenant }
      }),
    { limiter: once() },
  )
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

test('opsFastify() limits whom an earlier hook of the application identified', async () => {
  const { url } = await serve(
    (app) => {
      app.addHook('onRequest', async (request) =>
        currentContext()?.identify({ tenant: request.headers['x-organisation'] as string }),
      )
      app.get('/', async () => 'served')
    },
    { limiter: once() },
  )
  const call = (organisation: string) => fetch(url, { headers: { 'x-organisation': organisation } })

  expect([(await call('a')).status, (await call('a')).status, (await call('b')).status]).toEqual([200, 429, 200])
})

test('opsFastify() counts a refusal by the route it was meant for', async () => {
  const refuse = { take: async () => ({ allowed: false, headers: {} }) }
  const { url, logs } = await serve((app) => app.get('/orders/:id', async () => ''), { limiter: refuse })
  const call = async (path: string, headers = {}) => (await fetch(`${url}${path}`, { headers })).status

  const statuses = [
    await call('/orders/7'),
    await call('/orders/7', { 'x-request-timeout-ms': '0' }),
    await call('/wp-login.php'),
  ]
  await waitFor(() => logs.records.length === 3)

  expect(statuses).toEqual([429, 504, 429])
  expect(logs.records.map(({ fields }) => fields['route'])).toEqual(['/orders/:id', '/orders/:id', '__unmatched__'])
})

test('opsFastify() limits requests of unmatched paths too', async () => {
  const { url } = await serve(() => {}, { limiter: once() })

  expect([(await fetch(`${url}/scan`)).status, (await fetch(`${url}/scan`)).status]).toEqual([404, 429])
})

test('opsFastify() answers 504 when the deadline of a trusted peer has passed', async () => {
  const { url } = await serve((app) => app.get('/', async () => 'late'))

  expect((await fetch(url, { headers: { 'x-request-timeout-ms': '0' } })).status).toBe(504)
})
