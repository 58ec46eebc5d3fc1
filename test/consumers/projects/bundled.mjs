/** A service that is shipped as one file, beside the files of its worker threads. */
import { opsExpress } from '@ops/express'
import { defineService } from '@ops/service'
import express from 'express'

const service = await defineService({ name: 'bundled', owner: 'team-bundled', tier: 3, settings: {} }).run()
const app = express()
app.use(opsExpress(service))
app.get('/orders/:id', (request, response) => void response.json({ id: request.params.id }))
const server = app.listen(service.ops.port, () => console.log(`listening on ${server.address().port}`))
service.ops.lifecycle.http(server)
