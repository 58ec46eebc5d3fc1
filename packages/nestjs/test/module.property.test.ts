import { waitFor } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serve } from './observed-app.ts'

test.each(['express', 'fastify'])(
  'forRoot() labels every path on %s with a declared template or __unmatched__',
  async (platform) => {
    const { url, metrics, logs } = await serve(platform)
    let sent = 0

    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', 'orders'), fc.webPath(), async (prefix, path) => {
        const response = await fetch(`${url}/${prefix}${path.startsWith('/') ? path : `/${path}`}`, {
          headers: { 'x-api-key': 'acme' },
        })
        await response.text()
        sent++
      }),
      { numRuns: 40 },
    )
    await waitFor(() => logs.records.length === sent)

    const routes = new Set(metrics.series('http_requests_total').map(({ labels }) => labels['route']))
    expect([...routes].filter((route) => !['/orders/:id', '__unmatched__'].includes(route ?? ''))).toEqual([])
  },
)
