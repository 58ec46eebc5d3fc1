/** A service that fails on demand: in a request, in a job, and for good. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineConfig, secret, setting, url } from '@ops/config'
import { OpsError, runInContext } from '@ops/core'
import { createRequestPath } from '@ops/http'
import { createQueue, createWorker, defineJob } from '@ops/queue'
import { createRedis } from '@ops/redis'
import { defineService } from '@ops/service'
import { z } from 'zod'

class ChargeFault extends Error {
  override readonly name = 'ChargeFault'
}

const charge = defineJob('charge', { schema: z.object({ card: z.string() }), retry: { attempts: 1 } })
const service = defineService({
  name: 'failing',
  owner: 'team-test',
  tier: 3,
  settings: defineConfig({
    REDIS_URL: secret(url({ protocols: ['redis:'] }), 'Redis'),
    QUEUE: setting(z.string(), 'Name of the queue'),
    API_TOKEN: secret(z.string().min(8), 'A secret'),
  }),
  jobs: [charge],
})

await service.run(async () => ({
  default: async ({ config, logger, meter, lifecycle, port, opsPort }) => {
    const redis = createRedis({ url: config.current.REDIS_URL.reveal(), name: 'jobs', role: 'worker', meter, logger })
    const queue = createQueue(config.current.QUEUE, { redis, jobs: [charge], meter, logger })
    const token = config.current.API_TOKEN.reveal()
    const worker = createWorker(
      queue,
      {
        [charge.name]: () => {
          throw new ChargeFault(`in a job, with ${token}`)
        },
      },
      { meter, logger },
    )
    lifecycle.onDrain('worker', () => worker.drain())
    lifecycle.onClose('redis', async () => void (await redis.quit()))
    lifecycle.onClose('queue', () => queue.close())

    const actions: Readonly<Record<string, () => unknown>> = {
      '/request': () => {
        throw new ChargeFault(`in a request, with ${token}`)
      },
      '/expected': () => {
        throw new OpsError('Cannot charge: the card is empty, expected money', { code: 'OPS_TEST', expected: true })
      },
      '/job': () => queue.enqueue(charge, { card: 'x' }),
      '/throw': () =>
        void setImmediate(() => {
          throw new ChargeFault('for good')
        }),
      '/reject': () => void Promise.reject(new ChargeFault('for good')),
    }
    const path = createRequestPath(service.ops)
    const server = createServer((request, response) => {
      const observation = path.start(request, response)
      observation.route = request.url
      observation.context.identify({ tenant: 'acme' })
      void runInContext(observation.context, async () => {
        try {
          await actions[request.url as string]?.()
        } catch (error) {
          observation.fail(error)
          response.statusCode = 500
        }
        response.end()
      })
    })
    lifecycle.http(server)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    logger.info({ listening: (server.address() as AddressInfo).port, opsPort }, 'listening')
  },
}))
