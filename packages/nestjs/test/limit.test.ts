import { currentContext } from '@ops/core'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
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

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test.each([
    ['before the guards', false],
    ['by a guard', true],
  ])(
    'forRoot() answers 429 with the headers of the limiter when a tenant identified %s has none left',
    async (_, byGuard) => {
      const { url, logs } = await serve(platform, { limiter: once() }, { byGuard })
      const call = (tenant: string) => fetch(`${url}/orders/7`, { headers: { 'x-api-key': tenant } })

      const [first, second, other] = [await call('acme'), await call('acme'), await call('globex')]

      expect([first.status, second.status, other.status]).toEqual([200, 429, 200])
      expect(first.headers.get('ratelimit')).toBe('"api";r=0;t=60')
      expect(second.headers.get('retry-after')).toBe('60')
      expect(second.headers.get('x-trace-id')).toMatch(TRACE_ID)
      expect(await second.json()).toMatchObject({ error: { code: 'OPS_HTTP_RATE_LIMITED' } })
      expect(await first.json()).toMatchObject({ tenant: 'acme' })
      await waitFor(() => logs.records.length === 3)
    },
  )

  test('forRoot() answers 504 when the deadline of a trusted peer has passed', async () => {
    const { url } = await serve(platform)

    expect((await fetch(`${url}/orders/7`, { headers: { 'x-request-timeout-ms': '0' } })).status).toBe(504)
  })

  test.each([
    ['before the guards', false],
    ['by a guard', true],
  ])('forRoot() counts a refusal by the route it was meant for, where users are identified %s', async (_, byGuard) => {
    const refuse = { take: async () => ({ allowed: false, headers: {} }) }
    const { url, logs } = await serve(platform, { limiter: refuse }, { byGuard })

    const refused = await fetch(`${url}/orders/7`)
    const late = await fetch(`${url}/orders/7`, { headers: { 'x-request-timeout-ms': '0' } })
    await waitFor(() => logs.records.length === 2)

    expect([refused.status, late.status]).toEqual([429, 504])
    expect(logs.records.map(({ fields }) => fields['route'])).toEqual(['/orders/:id', '/orders/:id'])
  })
})
