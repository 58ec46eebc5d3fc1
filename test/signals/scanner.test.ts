/** A flood of made-up routes, as a mistaken template or a scanner makes it, cannot take the places of those that were declared. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runInContext } from '@ops/core'
import { createRequestPath } from '@ops/http'
import { createMetrics } from '@ops/metrics'
import { afterEach, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A service whose author labels requests by their path: the mistake that caps are for. */
async function mistaken() {
  const metrics = createMetrics({}, { service: 'orders', maxSeriesPerMetric: 50, maxValuesPerLabel: 20 })
  const path = createRequestPath({ meter: metrics })
  path.declare('/orders/:id')
  const server = createServer((request, response) => {
    const observation = path.start(request, response)
    const isOrder = request.url?.startsWith('/orders/')
    observation.route = isOrder ? '/orders/:id' : request.url
    response.statusCode = isOrder ? 200 : 404
    runInContext(observation.context, () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => metrics.close(),
    () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  )
  return { metrics, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const seriesOf = (text: string, metric: string) =>
  text.split('\n').filter((line) => line.startsWith(`${metric}{`) && !line.endsWith(' 0'))

test('declare() keeps the series of a route apart when hundreds of other values came first', async () => {
  const { metrics, url } = await mistaken()
  for (let i = 0; i < 400; i++) await (await fetch(`${url}/scan-${i}.php`)).arrayBuffer()
  await (await fetch(`${url}/orders/7`)).arrayBuffer()
  await (await fetch(`${url}/late`)).arrayBuffer()
  const text = await metrics.expose()

  const requests = seriesOf(text, 'http_requests_total')
  expect(requests).toContain('http_requests_total{method="GET",route="/orders/:id",status="200"} 1')
  expect(requests.some((line) => line.includes('/late'))).toBe(false)
  expect(requests.filter((line) => line.includes('__overflow__')).length).toBeGreaterThan(0)
  expect(requests.length).toBeLessThanOrEqual(52)
  expect(text).toContain(
    'http_request_duration_seconds_count{feature="default",method="GET",route="/orders/:id",status_class="2xx"} 1',
  )
})
