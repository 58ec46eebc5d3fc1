/** How a queue stands: counts for people, and the gauges. */
import type { Logger, Meter } from '@ops/core'
import type { BreakerOptions } from './breaker-options.ts'
import { queueMetrics } from './metrics.ts'
import { readOutage } from './outage.ts'
import type { Store } from './store.ts'

/** How many jobs are in which state. */
export interface QueueStatus {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  /** Of those still remembered. */
  readonly completed: number
  readonly dead: number
}

/** Counts of jobs by state. */
export async function readStatus(store: Store): Promise<QueueStatus> {
  return store.use(async (bull) => {
    const counts = await bull.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'completed')
    const { wait = 0, prioritized = 0, active = 0, delayed = 0, completed = 0 } = counts
    return {
      waiting: wait + prioritized,
      active,
      delayed,
      completed,
      dead: await store.redis.hlen(store.key('ops-dead')),
    }
  })
}

/** Age in seconds of the job that is next; 0 when none waits. */
async function readOldestAge(store: Store): Promise<number> {
  return store.use(async () => {
    const { redis } = store
    const next =
      (await redis.lindex(store.key('wait'), -1)) ?? (await redis.zrange(store.key('prioritized'), '0', '0'))[0]
    if (next === undefined) return 0
    const at = await redis.hget(store.key(String(next)), 'timestamp')
    return at === null ? 0 : Math.max(0, (store.clock.now() - Number(at)) / 1000)
  })
}

/** Measures the queue at each exposition. Returns how to stop. */
export function collectGauges({
  name,
  store,
  breaker,
  meter,
  logger,
}: {
  name: string
  store: Store
  breaker: Required<BreakerOptions> | undefined
  meter: Meter
  logger: Logger
}): () => void {
  const instruments = meter.instruments(queueMetrics)
  return meter.onCollect(
    async () => {
      try {
        const { dead, ...counts } = await readStatus(store)
        for (const state of ['waiting', 'active', 'delayed', 'completed'] as const) {
          instruments.jobs.set({ queue: name, state }, counts[state])
        }
        instruments.jobs.set({ queue: name, state: 'dead' }, dead)
        instruments.deadLetters.set({ queue: name }, dead)
        instruments.oldestAge.set({ queue: name }, await readOldestAge(store))
        const { open, probing } = breaker === undefined ? {} : await readOutage(store)
        for (const type of breaker?.errorTypes ?? []) {
          instruments.breakerState.set({ queue: name, error_type: type }, open !== type ? 0 : probing ? 1 : 2)
        }
      } catch (error) {
        logger.debug({ queue: name, error }, 'queue could not be measured')
      }
    },
    { name: `queue ${name}` },
  )
}
