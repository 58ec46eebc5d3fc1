/** Orders on Fastify with its adapter, drained by @ops/health. */
import { opsFastify } from '@ops/fastify'
import Fastify from 'fastify'
import { serve, service } from './serve.ts'

const app = Fastify()
await app.register(opsFastify, { service })
app.post('/orders', async (request) => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
  return request.body
})
await serve(
  app.server,
  () => app.listen({ port: 0, host: '127.0.0.1' }),
  () => app.close(),
)
