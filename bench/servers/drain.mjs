// An orders server on node:http that stops the way argv[2] says; `delayed` as argv[3] turns readiness off 250 ms before.
import { createServer } from 'node:http'

const [mode, delayed] = process.argv.slice(2)
let ready = true
const server = createServer((req, res) => {
  if (req.url === '/readyz') return res.writeHead(ready ? 200 : 503).end()
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => setTimeout(() => res.end(Buffer.concat(chunks)), Math.random() * 20))
})

const notice = async () => {
  ready = false
  if (delayed) await new Promise((ok) => setTimeout(ok, 250))
}
const onSignal = (stop) =>
  process.once('SIGTERM', async () => {
    await notice()
    stop()
  })
let readyPort

const modes = {
  none: () => {},
  close: () => onSignal(() => server.close(() => process.exit(0))),
  async stoppable() {
    const { default: stoppable } = await import('stoppable')
    const stopping = stoppable(server, 5000)
    onSignal(() => stopping.stop(() => process.exit(0)))
  },
  async 'http-terminator'() {
    const { createHttpTerminator } = await import('http-terminator')
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 5000 })
    onSignal(() => terminator.terminate().then(() => process.exit(0)))
  },
  async terminus() {
    const { createTerminus } = await import('@godaddy/terminus')
    createTerminus(server, {
      signal: 'SIGTERM',
      timeout: 5000,
      healthChecks: { '/readyz': async () => {} },
      beforeShutdown: () => notice(),
    })
  },
  async '@ops/health'() {
    const { createHealth, createLifecycle } = await import('../../packages/health/dist/index.js')
    const { startOpsPort } = await import('../../packages/ops-port/dist/index.js')
    const health = createHealth()
    const lifecycle = createLifecycle({
      health,
      propagationDelayMs: delayed ? 250 : 0,
      idleLingerMs: 250,
      deadlineMs: 5000,
    })
    lifecycle.http(server)
    readyPort = (await startOpsPort({ port: 0, pages: [health.page()] })).port
    await lifecycle.started()
  },
}
await modes[mode]()
server.listen(0, '127.0.0.1', () => {
  const app = server.address().port
  console.log(JSON.stringify({ ports: { app, ready: readyPort ?? app } }))
})
