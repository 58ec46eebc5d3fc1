import { randomUUID } from 'node:crypto'
import { createCache } from '@ops/cache'
import { requireTenant } from '@ops/core'
import { observePool } from '@ops/db'
import { createQueue } from '@ops/queue'
import { createRedis } from '@ops/redis'
import pg from 'pg'
import { watchDependencies } from './checks.ts'
import { flags } from './flags.ts'
import { fulfilOrder } from './jobs.ts'
import service from './ops.ts'
import type { NewOrder, Order } from './order.ts'
import { OrderStore } from './order-store.ts'
import { createPrices } from './pricing.ts'

/** What the HTTP layer calls; the tenant comes from the context. */
export interface Orders {
  place(order: NewOrder): Promise<Order>
  find(id: string): Promise<Order | undefined>
  list(limit: number): Promise<Order[]>
  /** All orders as NDJSON, one line at a time. */
  export(): AsyncIterable<string>
}

/** Connects the service to its database, cache, queue and pricing, and registers their end with the lifecycle. */
export async function createOrders(): Promise<Orders> {
  const { config, logger, meter, metrics, lifecycle } = service.ops
  const pool = new pg.Pool({ connectionString: config.current.DATABASE_URL.reveal(), max: 10 })
  observePool(pool, { name: 'orders', meter, logger })
  const redis = createRedis({ url: config.current.REDIS_URL.reveal(), name: 'orders', meter, logger })
  const cache = createCache({ redis, name: 'orders', l1: { maxBytes: 16 * 1024 * 1024 }, meter, logger })
  const queue = createQueue('fulfilment', { redis, jobs: [fulfilOrder], meter, logger })
  lifecycle.onClose('postgres', () => pool.end())
  lifecycle.onClose('redis', async () => void (await redis.quit()))
  lifecycle.onClose('cache', () => cache.close())
  lifecycle.onClose('queue', () => queue.close())
  watchDependencies(service.ops.health, { pool, redis })
  const priceOf = createPrices()
  await service.ops.limitRequests({ redis })
  const features = await service.ops.startFlags(flags, { redis })
  const store = new OrderStore(pool)
  await store.migrate()

  const byId = cache.define('order', {
    schemaVersion: 1,
    ttl: '30s',
    negativeTtl: '1s',
    load: async (id: string, { tenant }) => (await store.find(tenant, id)) ?? null,
  })

  return {
    async place({ sku, quantity }) {
      const tenant = requireTenant('place an order')
      const { cents, source } = await priceOf(sku)
      const rebate = quantity >= 10 && features.isEnabled('bulk-discount') ? 0.95 : 1
      const price_cents = Math.round(cents * quantity * rebate)
      const order: Order = { id: randomUUID(), sku, quantity, status: 'placed', price_cents }
      await store.insert(tenant, order)
      await queue.enqueue(fulfilOrder, { orderId: order.id, sku }, { key: `fulfil:${order.id}` })
      metrics.placed.inc({ pricing: source })
      metrics.value.observe({}, order.price_cents / 100)
      logger.info({ order_id: order.id, sku, quantity }, 'order placed')
      return order
    },
    async find(id) {
      return (await byId.get(id)) ?? undefined
    },
    list: (limit) => store.list(requireTenant('list orders'), limit),
    async *export() {
      for (const order of await store.list(requireTenant('export orders'), 10_000)) yield `${JSON.stringify(order)}\n`
    },
  }
}
