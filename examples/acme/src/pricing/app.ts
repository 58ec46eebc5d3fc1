import { sleep } from '@ops/core'
import { opsFastify } from '@ops/fastify'
import fastify from 'fastify'
import service from './ops.ts'

const SLOW_MS = 150

/** Prices by SKU: `slow-…` takes its time, `faulty-…` fails, as real services sometimes do. */
export default async function start(): Promise<void> {
  const app = fastify()
  await app.register(opsFastify, { service })
  app.get<{ Params: { sku: string } }>('/prices/:sku', async ({ params: { sku } }) => {
    if (sku.startsWith('slow')) await sleep(SLOW_MS)
    if (sku.startsWith('faulty')) throw new Error(`no price list holds ${sku}`)
    return { sku, cents: 100 + sku.length * 25 }
  })
  service.ops.lifecycle.http(app.server)
  await app.listen({ port: service.ops.port, host: '0.0.0.0' })
}
