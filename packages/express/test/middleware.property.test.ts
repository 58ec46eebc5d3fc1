import { waitFor } from '@ops/testing'
import express from 'express'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serve } from './observed-app.ts'

test('opsExpress() labels every path with a declared template or __unmatched__ when paths are arbitrary', async () => {
  const { url, metrics, logs } = await serve((app) => {
    const nested = express.Router().get('/items/:id', (_, response) => void response.end())
    app.get('/orders/:id', (_, response) => void response.end()).use('/v1', nested)
  })
  let sent = 0

  await fc.assert(
    fc.asyncProperty(fc.constantFrom('', 'orders', 'v1', 'v1/items'), fc.webPath(), async (prefix, path) => {
      const response = await fetch(`${url}/${prefix}${path.startsWith('/') ? path : `/${path}`}`)
      await response.text()
      sent++
    }),
    { numRuns: 60 },
  )
  await waitFor(() => logs.records.length === sent)

  const routes = new Set(metrics.series('http_requests_total').map(({ labels }) => labels['route']))
  expect(
    [...routes].filter((route) => !['/orders/:id', '/v1/items/:id', '__unmatched__'].includes(route ?? '')),
  ).toEqual([])
})
