import { requireTenant } from '@ops/core'
import { observePool } from '@ops/db'
import { createQueue, createWorker } from '@ops/queue'
import { createRedis } from '@ops/redis'
import { fulfilOrder, OrderStore, watchDependencies } from '@ops-examples/orders'
import pg from 'pg'
import service from './ops.ts'

/** Works off fulfilment jobs. */
export default async function start(): Promise<void> {
  const { config, logger, meter, lifecycle } = service.ops
  const { DATABASE_URL, REDIS_URL, WORKER_CONCURRENCY } = config.current
  const pool = new pg.Pool({ connectionString: DATABASE_URL.reveal(), max: 5 })
  observePool(pool, { name: 'orders', meter, logger })
  const redis = createRedis({ url: REDIS_URL.reveal(), name: 'worker', role: 'worker', meter, logger })
  const queue = createQueue('fulfilment', { redis, jobs: [fulfilOrder], meter, logger })
  watchDependencies(service.ops.health, { pool, redis })
  const store = new OrderStore(pool)
  const worker = createWorker(
    queue,
    {
      [fulfilOrder.name]: async ({ orderId, sku }: { orderId: string; sku: string }) => {
        // Stands for what kills a process outright: a native crash, an out-of-memory.
        if (sku.startsWith('poison')) process.kill(process.pid, 'SIGKILL')
        await store.fulfil(requireTenant('fulfil an order'), orderId)
        logger.info({ order_id: orderId }, 'order fulfilled')
      },
    },
    { concurrency: WORKER_CONCURRENCY, drainMs: 5000, meter, logger },
  )
  lifecycle.onDrain('worker', () => worker.drain())
  lifecycle.onClose('postgres', () => pool.end())
  lifecycle.onClose('redis', async () => void (await redis.quit()))
  lifecycle.onClose('queue', () => queue.close())
}
