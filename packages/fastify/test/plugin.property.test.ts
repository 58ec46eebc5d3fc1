import { waitFor } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serve } from './observed-app.ts'

test('opsFastify() labels every path with a declared template or __unmatched__ when paths are arbitrary', async () => {
  const { url, metrics, logs } = await serve((app) => app.get('/orders/:id', async () => 'x'))
  let sent = 0

  await fc.assert(
    fc.asyncProperty(fc.webPath(), async (path) => {
      const response = await fetch(`${url}/${path.replace(/^\/+/, '')}`)
      await response.text()
      sent++
    }),
    { numRuns: 50 },
  )
  await waitFor(() => logs.records.length === sent)

  const routes = new Set(metrics.series('http_requests_total').map(({ labels }) => labels['route']))
  expect([...routes].filter((route) => !['/orders/:id', '__unmatched__'].includes(route ?? ''))).toEqual([])
})
