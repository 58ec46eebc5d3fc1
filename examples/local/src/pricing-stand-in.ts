import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A pricing service for running orders alone: every SKU has a price, `faulty` fails. */
export async function startPricingStandIn(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const sku = decodeURIComponent(request.url?.split('/').pop() ?? '')
    response.writeHead(sku === 'faulty' ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ sku, cents: 100 + sku.length * 25 }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => void server.close() }
}
