/** A service for the tests: one HTTP server, told by FAIL to fail at start. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { defineConfig, secret, setting } from '@ops/config'
import { runInContext } from '@ops/core'
import { createRequestPath } from '@ops/http'
import { defineService } from '@ops/service'
import { z } from 'zod'

const service = defineService({
  name: 'echo',
  owner: 'team-test',
  tier: 3,
  settings: defineConfig({
    FAIL: setting(z.string().optional(), 'Fails the start'),
    API_TOKEN: secret(z.string().min(8), 'A secret'),
  }),
  features: [
    { name: 'echo', routes: ['/echo*'], slo: 0.99, errors: { warn: 0.01, critical: 0.05 }, p95Ms: 500, p99Ms: 2000 },
  ],
})

await service.run(
  async () => ({
    default: async ({ config, logger, lifecycle, port, opsPort }) => {
      lifecycle.onClose('opened', () => logger.info('closed what was opened'))
      if (config.current.FAIL !== undefined) throw new Error(`told to fail by ${config.current.API_TOKEN.reveal()}`)
      const path = createRequestPath(service.ops)
      const server = createServer((request, response) => {
        const answer = path.intercept(request)
        if (answer !== undefined) return void response.writeHead(answer.status, answer.headers).end(answer.body)
        const observation = path.start(request, response)
        observation.route = '/echo'
        runInContext(observation.context, () => response.end(request.url))
        // After the response, so that its line and its span are finished but not yet delivered.
        if (request.url === '/crash') {
          response.once('close', () => {
            throw new Error('told to crash')
          })
        }
      })
      lifecycle.http(server)
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      const { port: listening } = server.address() as { port: number }
      logger.info({ listening, opsPort }, 'listening')
    },
  }),
  { logger: { batch: {} } },
)
