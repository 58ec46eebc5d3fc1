/** Orders on plain node:http, drained by @ops/health. */
import { createServer } from 'node:http'
import { serve } from './serve.ts'

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => setTimeout(() => res.end(Buffer.concat(chunks)), Math.random() * 20))
})
await serve(server, () => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined))))
