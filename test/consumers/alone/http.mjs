import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createClient, createRequestPath } from '@ops/http'

const path = createRequestPath()
const server = createServer((request, response) => {
  const { context } = path.start(request, response)
  response.end(context.traceId)
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const client = createClient({ name: 'itself', baseUrl: `http://127.0.0.1:${server.address().port}`, timeoutMs: 5000 })
const response = await client.fetch('/', { headers: { 'x-trace-id': 'a'.repeat(32) } })

assert.match(await response.text(), /^[0-9a-f]{32}$/)
server.close()
server.closeAllConnections()
