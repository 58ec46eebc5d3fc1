/** Orders on Express with its adapter, drained by @ops/health. */
import { createServer } from 'node:http'
import { opsExpress } from '@ops/express'
import express from 'express'
import { serve, service } from './serve.ts'

const app = express()
app.use(opsExpress(service))
app.post('/orders', express.json(), (req, res) => {
  setTimeout(() => res.json(req.body), Math.random() * 20)
})
const server = createServer(app)
await serve(server, () => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined))))
