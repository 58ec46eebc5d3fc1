/** A strict TypeScript project: the types say what holds, and refuse what does not. */

import { createCache } from '@ops/cache'
import { bool, type Config, defineConfig, int, loadConfig, secret, setting, url } from '@ops/config'
import { createContext, currentContext, isOpsError, runInContext } from '@ops/core'
import { opsExpress } from '@ops/express'
import { opsFastify } from '@ops/fastify'
import { createLogger, type OpsLogger } from '@ops/logger'
import { counter, createMetrics, defineMetrics } from '@ops/metrics'
import { OpsModule } from '@ops/nestjs'
import { createQueue, defineJob } from '@ops/queue'
import { createPolicy } from '@ops/resilience'
import { defineService } from '@ops/service'
import { createTestClock } from '@ops/testing'
import fastify from 'fastify'
import type { Redis } from 'ioredis'
import { z } from 'zod'

const settings = defineConfig({
  DATABASE_URL: secret(url({ protocols: ['postgres:'] }), 'Connection string'),
  WORKERS: setting(int({ min: 1 }).default(4), 'Workers'),
  PREVIEW: setting(bool().optional(), 'Shows what is not ready'),
})

process.env['DATABASE_URL'] = 'postgres://localhost/orders'
const config: Config<typeof settings> = await loadConfig(settings)
const workers: number = config.current.WORKERS
const preview: boolean | undefined = config.current.PREVIEW
// @ts-expect-error a secret is no text
const leaked: string = config.current.DATABASE_URL
// @ts-expect-error nothing declares it
config.current.NOBODY

const metrics = createMetrics(
  defineMetrics({ orders: counter('orders_total', { help: 'Orders', labels: { kind: ['new', 'repeat'] } }) }),
  { service: 'orders', version: '1.0.0', commit: 'abc' },
)
metrics.orders.inc({ kind: 'new' })
// @ts-expect-error a label takes what was declared, so that series are bounded
const mistaken = () => metrics.orders.inc({ kind: 'old' })

const job = defineJob('greet', { schema: z.object({ name: z.string() }) })
const enqueue = (redis: Redis) => createQueue('typed', { redis, jobs: [job] }).enqueue(job, { name: 'Ada' })
// @ts-expect-error the payload is what the schema says
const misfit = (redis: Redis) => createQueue('typed', { redis, jobs: [job] }).enqueue(job, { name: 7 })

const cached = (redis: Redis) =>
  createCache({ redis, name: 'shop' }).define('user', { ttl: '5m', load: (id, { tenant }) => `${id} of ${tenant}` })
const tenant: string | undefined = runInContext(createContext({ tenant: 'acme' }), () => currentContext()?.tenant)

const lines: string[] = []
const logger: OpsLogger = createLogger({
  service: 'orders',
  destination: { write: (line: string) => void lines.push(line) },
})
logger.info({ order_id: 42 }, 'order placed')

const posted: string = await createPolicy({ name: 'ledger', timeoutMs: 1000 })(
  async ({ signal }) => `${signal.aborted}`,
)
const service = defineService({ name: 'orders', owner: 'team-orders', tier: 1, settings })
try {
  void service.ops
} catch (error) {
  if (!isOpsError(error, 'OPS_SERVICE_NOT_RUNNING')) throw error
}
const app = fastify()
await app.register(opsFastify, { service: { ops: { logger, meter: metrics } } })
await app.ready()
await app.close()
await logger.close({ timeoutMs: 1000 })
await metrics.close()
await config.close()
void [preview, leaked, mistaken, enqueue, misfit, cached, createTestClock(), OpsModule, opsExpress]
console.log([workers, tenant, posted, lines.length].join(' '))
