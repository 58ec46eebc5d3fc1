import { defineJob } from '@ops/queue'
import { z } from 'zod'

/** Packs and ships an order. */
export const fulfilOrder = defineJob('order.fulfil', {
  schema: z.object({ orderId: z.string(), sku: z.string() }),
  retry: { attempts: 5, baseMs: 200, capMs: 5_000 },
  timeoutMs: 10_000,
})
