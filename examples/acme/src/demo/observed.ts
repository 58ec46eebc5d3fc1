/** What the demo knows after its traffic: gathered once, for the report and the expectations alike. */
import { createQueue, type DeadLetter } from '@ops/queue'
import { createRedis } from '@ops/redis'
import type { CollectedSpan } from '@ops-examples/local'
import { fulfilOrder } from '@ops-examples/orders'
import type { Fleet } from './fleet.ts'
import type { Outage } from './outage.ts'
import { type Sample, scrape, sum } from './scrape.ts'
import type { LogLine } from './service-process.ts'
import type { Exchange } from './traffic.ts'

/** A round of the demo, observed from outside. */
export interface Observed {
  /** All, those of the outage too. */
  readonly exchanges: readonly Exchange[]
  readonly outage: Outage
  readonly samples: {
    readonly orders: readonly Sample[]
    readonly pricing: readonly Sample[]
    readonly worker: readonly Sample[]
  }
  readonly spans: readonly CollectedSpan[]
  readonly lines: readonly LogLine[]
  readonly strayOutput: readonly string[]
  readonly dead: readonly DeadLetter[]
  /** Jobs not worked off in time. */
  readonly unfinishedJobs: number
  readonly workerRestarts: number
}

const SETTLE_MS = 60_000

/** Waits until the queue has settled and the spans have arrived, then gathers. */
export async function observe(fleet: Fleet, usual: readonly Exchange[], outage: Outage): Promise<Observed> {
  const redis = createRedis({ url: fleet.redisUrl, name: 'demo' })
  const queue = createQueue('fulfilment', { redis, jobs: [fulfilOrder] })
  try {
    const unfinishedJobs = await settle(async () => {
      const { waiting, active, delayed } = await queue.status()
      return waiting + active + delayed
    })
    await settle(async () => (fleet.collector.spans.some(({ error }) => error) ? 0 : 1))
    const [orders, pricing, worker] = await Promise.all([
      scrape(fleet.ports.ordersOps),
      scrape(fleet.ports.pricingOps),
      scrape(fleet.ports.workerOps),
    ])
    const services = [fleet.orders, fleet.pricing, fleet.worker]
    return {
      exchanges: [...usual, ...outage.exchanges],
      outage,
      samples: { orders, pricing, worker },
      spans: fleet.collector.spans,
      lines: services.flatMap(({ lines }) => lines),
      strayOutput: services.flatMap(({ strayOutput }) => strayOutput),
      dead: await queue.dead.list(),
      unfinishedJobs,
      workerRestarts: fleet.worker.restarts,
    }
  } finally {
    await queue.close()
    redis.disconnect()
  }
}

/** Polls until `remaining` is 0; resolves to what remained. */
async function settle(remaining: () => Promise<number>): Promise<number> {
  const until = Date.now() + SETTLE_MS
  let left = await remaining()
  while (left > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    left = await remaining()
  }
  return left
}

/** Share of order reads that the cache answered, 0 to 1. */
export function hitRatio({ samples: { orders } }: Observed): number {
  const hits = sum(orders, 'cache_requests_total', { result: 'hit' })
  const misses = sum(orders, 'cache_loads_total')
  return hits / Math.max(1, hits + misses)
}
