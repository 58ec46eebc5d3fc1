// Ours on Fastify, by the layers that LAYERS asks for.
import { opsFastify } from '../../packages/fastify/dist/index.js'
import { require, serve, user } from './common.mjs'
import { parts } from './ops-parts.mjs'

const app = require('fastify')()
await app.register(opsFastify, { service: { ops: parts() } })
app.get('/api/users/:id', async (req) => user(req.params.id))
await app.listen({ port: 0, host: '127.0.0.1' })
serve(app.server.address().port)
