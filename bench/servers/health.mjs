// A node:http server with @ops/health: argv[2] says how much of it. Says its ports over IPC; blocks when told to.
import { createServer } from 'node:http'
import { check, createHealth, createLifecycle } from '../../packages/health/dist/index.js'
import { startOpsPort } from '../../packages/ops-port/dist/index.js'

const mode = process.argv[2]
let runs = 0
const hung = check(
  () => {
    runs++
    return new Promise(() => {})
  },
  { scope: 'local', everyMs: 1000, timeoutMs: 500 },
)
const health = createHealth({ checks: mode === 'hung' ? { hung } : {}, overload: {} })
const lifecycle = createLifecycle({ health, signals: false })
const bare = (_req, res) => {
  res.setHeader('content-type', 'application/json')
  res.end('{"hello":"world"}')
}
const whole = (req, res) => {
  const answer = health.handle(req.url)
  if (answer !== undefined) return res.writeHead(answer.status, answer.headers).end(answer.body)
  const shed = health.admit('normal')
  if (shed !== undefined)
    return res.writeHead(503, { 'retry-after': String(Math.ceil(shed.retryAfterMs / 1000)) }).end()
  bare(req, res)
}
const work = (ms) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}
const heavy = (req, res) => {
  const shed = health.admit('low')
  if (shed !== undefined)
    return res.writeHead(503, { 'retry-after': String(Math.ceil(shed.retryAfterMs / 1000)) }).end()
  work(5)
  bare(req, res)
}
const handlers = { bare, whole, hung: whole, heavy }
const server = createServer(handlers[mode])
if (mode !== 'bare') lifecycle.http(server)
server.listen(0, '127.0.0.1', async () => {
  const ops = await startOpsPort({ port: 0, pages: [health.page()] })
  await lifecycle.started()
  process.send({ app: server.address().port, ops: ops.port })
})
process.on('message', (m) => {
  if (m.block) setTimeout(() => work(m.block), 50)
  if (m.cpu) process.send({ ...process.cpuUsage(), runs, status: health.status() })
})
