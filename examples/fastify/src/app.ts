import { Readable } from 'node:stream'
import { opsFastify } from '@ops/fastify'
import { answer, createOrders, identityOf, newOrder, service, toAnswer } from '@ops-examples/orders'
import fastify from 'fastify'

/** Builds the orders API and listens on PORT. */
export default async function start(): Promise<void> {
  const orders = await createOrders()
  const app = fastify()
  await app.register(opsFastify, {
    service,
    identify: (request) => identityOf(request.headers['x-api-key']),
  })
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number }
    const { status, body } =
      statusCode < 500 ? answer(statusCode, 'INVALID', 'The request is not valid') : toAnswer(error)
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(answer(404, 'NOT_FOUND', 'No such route').body))

  app.post('/orders', async (request, reply) => {
    const parsed = newOrder.safeParse(request.body)
    if (!parsed.success) return reply.code(400).send(answer(400, 'INVALID', 'Send { sku, quantity >= 1 }').body)
    return reply.code(201).send(await orders.place(parsed.data))
  })
  app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
    const order = await orders.find(request.params.id)
    return order ?? reply.code(404).send(answer(404, 'NOT_FOUND', 'No such order').body)
  })
  app.get('/orders', () => orders.list(100))
  app.get('/orders/export', (_request, reply) =>
    reply.type('application/x-ndjson').send(Readable.from(orders.export())),
  )

  service.ops.lifecycle.http(app.server)
  await app.listen({ port: service.ops.port, host: '0.0.0.0' })
}
