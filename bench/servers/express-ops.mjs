// Ours on Express, by the layers that LAYERS asks for.
import { createServer } from 'node:http'
import { opsExpress } from '../../packages/express/dist/index.js'
import { require, serve, user } from './common.mjs'
import { parts } from './ops-parts.mjs'

const app = require('express')()
app.use(opsExpress({ ops: parts() }))
app.get('/api/users/:id', (req, res) => {
  res.json(user(req.params.id))
})
const server = createServer(app)
server.listen(0, '127.0.0.1', () => serve(server.address().port))
