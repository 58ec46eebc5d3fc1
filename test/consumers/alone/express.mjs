import assert from 'node:assert/strict'
import { once } from 'node:events'
import { opsExpress } from '@ops/express'
import express from 'express'

const app = express()
app.use(opsExpress({ ops: {} }))
app.get('/orders/:id', (request, response) => void response.json({ id: request.params.id }))
const server = app.listen(0)
await once(server, 'listening')
const response = await fetch(`http://127.0.0.1:${server.address().port}/orders/7`)

assert.deepEqual(await response.json(), { id: '7' })
assert.match(response.headers.get('x-trace-id'), /^[0-9a-f]{32}$/)
server.close()
server.closeAllConnections()
