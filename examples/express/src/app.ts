import { once } from 'node:events'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { opsExpress } from '@ops/express'
import { answer, createOrders, identityOf, newOrder, service, toAnswer } from '@ops-examples/orders'
import express, { type ErrorRequestHandler } from 'express'

/** Builds the orders API and listens on PORT. */
export default async function start(): Promise<void> {
  const orders = await createOrders()
  const app = express().disable('x-powered-by')
  app.use(opsExpress(service, { identify: (request) => identityOf(request.headers['x-api-key']) }))
  app.use(express.json())

  app.post('/orders', async (request, response) => {
    const parsed = newOrder.safeParse(request.body)
    if (!parsed.success)
      return void response.status(400).json(answer(400, 'INVALID', 'Send { sku, quantity >= 1 }').body)
    response.status(201).json(await orders.place(parsed.data))
  })
  app.get('/orders/export', async (_request, response) => {
    response.type('application/x-ndjson')
    await pipeline(Readable.from(orders.export()), response)
  })
  app.get('/orders/:id', async (request, response) => {
    const order = await orders.find(request.params.id)
    if (order === undefined) return void response.status(404).json(answer(404, 'NOT_FOUND', 'No such order').body)
    response.json(order)
  })
  app.get('/orders', async (_request, response) => void response.json(await orders.list(100)))

  app.use((_request, response) => void response.status(404).json(answer(404, 'NOT_FOUND', 'No such route').body))
  app.use(answerError)

  const server = createServer(app)
  service.ops.lifecycle.http(server)
  server.listen(service.ops.port, '0.0.0.0')
  await once(server, 'listening')
}

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  const { status: given = 500 } = error as { status?: number }
  const { status, body } = given < 500 ? answer(given, 'INVALID', 'The request is not valid') : toAnswer(error)
  response.status(status).json(body)
}
