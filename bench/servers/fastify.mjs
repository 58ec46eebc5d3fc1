import { has, logStream, redact, require, serve, startOtel, tuned, user } from './common.mjs'

startOtel(() => {
  const F = require('@fastify/otel')
  return [
    new (F.default ?? F)({
      registerOnInitialization: true,
      ...((tuned || process.env.LEAN) && { instrumentHooks: false, instrumentHandler: false }),
    }),
  ]
})

const fastify = require('fastify')
const oneLine = tuned || process.env.ONE_LINE === '1'
const app = fastify(
  has('log')
    ? {
        loggerInstance: require('pino')({ ...(redact && { redact }) }, logStream()),
        ...(oneLine && { disableRequestLogging: true }),
      }
    : {},
)
if (has('log') && oneLine)
  app.addHook('onResponse', (req, reply, done) => {
    req.log.info({ req, res: reply, responseTime: reply.elapsedTime }, 'request completed')
    done()
  })
if (has('metrics') || has('metrics-default')) {
  const m = require('fastify-metrics')
  await app.register(m.default ?? m, {
    endpoint: '/metrics',
    routeMetrics: { enabled: has('metrics-default') ? true : { histogram: true, summary: false } },
    ...((tuned || process.env.PROM) && { promClient: require(process.env.PROM ?? 'platformatic-prom-client') }),
  })
}
if (has('health'))
  await app.register(require('@fastify/under-pressure'), {
    maxEventLoopDelay: 5000,
    maxHeapUsedBytes: 4e9,
    maxRssBytes: 8e9,
    maxEventLoopUtilization: 1,
    exposeStatusRoute: '/health',
  })
app.get('/api/users/:id', async (req) => user(req.params.id))
await app.listen({ port: 0, host: '127.0.0.1' })
serve(app.server.address().port)
