import { has, logStream, redact, require, serve, startOtel, tuned, user } from './common.mjs'

startOtel(() => [
  new (require('@opentelemetry/instrumentation-express').ExpressInstrumentation)(
    (tuned || process.env.LEAN) && { ignoreLayersType: ['middleware', 'request_handler', 'router'] },
  ),
])
const http = require('node:http')
const express = require('express')
const app = express()
if (has('log')) app.use(require('pino-http')({ logger: require('pino')({ ...(redact && { redact }) }, logStream()) }))
if (has('metrics'))
  app.use(
    require('express-prom-bundle')({
      includeMethod: true,
      includePath: true,
      includeStatusCode: true,
      promClient: { collectDefaultMetrics: {} },
    }),
  )
app.get('/api/users/:id', (req, res) => {
  res.json(user(req.params.id))
})
const server = http.createServer(app)
if (has('health'))
  require('@godaddy/terminus').createTerminus(server, { healthChecks: { '/health': async () => ({}) }, useExit0: true })
server.listen(0, '127.0.0.1', () => serve(server.address().port))
