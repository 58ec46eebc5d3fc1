/** Orders on Fastify, drained by @ops/health. */
import Fastify from 'fastify'
import { serve } from './serve.ts'

const app = Fastify()
app.post('/orders', async (request) => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
  return request.body
})
await serve(
  app.server,
  () => app.listen({ port: 0, host: '127.0.0.1' }),
  () => app.close(),
)
