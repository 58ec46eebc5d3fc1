import assert from 'node:assert/strict'
import { opsFastify } from '@ops/fastify'
import fastify from 'fastify'

const app = fastify()
await app.register(opsFastify, { service: { ops: {} } })
app.get('/orders/:id', async (request) => ({ id: request.params.id }))
const response = await app.inject('/orders/7')

assert.deepEqual(response.json(), { id: '7' })
assert.match(response.headers['x-trace-id'], /^[0-9a-f]{32}$/)
await app.close()
