/** observePool: one entry for pg and PGlite, once a pool. */
import { noopMeter } from '@ops/core'
import { dbMetrics } from './metrics.ts'
import {
  assertName,
  type ObservablePgliteDatabase,
  type ObservablePgPool,
  type ObservePoolOptions,
  type PoolObservation,
} from './options.ts'
import { hookPgPool, type PoolHooks } from './pg-pool.ts'
import { hookPglite } from './pglite.ts'
import { createQueryObserver } from './query-observer.ts'

/** On the pool itself and global, so that two copies of this package do not count a statement twice. */
const OBSERVATION = Symbol.for('@ops/db/observation')

type Observable = (ObservablePgPool | ObservablePgliteDatabase) & { [OBSERVATION]?: PoolObservation }

function isPgPool(pool: Partial<ObservablePgPool>): pool is ObservablePgPool {
  return typeof pool.connect === 'function' && typeof pool.on === 'function' && typeof pool.totalCount === 'number'
}

function isPglite(pool: Partial<ObservablePgliteDatabase>): pool is ObservablePgliteDatabase {
  return [pool.query, pool.exec, pool.transaction].every((method) => typeof method === 'function')
}

function exportUsage(hooks: PoolHooks, { name: db, meter = noopMeter }: ObservePoolOptions): () => void {
  const { active, max, waiting } = meter.instruments(dbMetrics)
  const collect = () => {
    const usage = hooks.usage()
    active.set({ db }, usage.active)
    max.set({ db }, usage.max)
    waiting.set({ db }, usage.waiting)
  }
  const off = meter.onCollect(collect, { name: `db_${db}` })
  return () => {
    off()
    for (const one of [active, max, waiting]) one.remove({ db })
  }
}

/**
 * Observes every statement of a `pg.Pool`, whichever way it is sent, or of a PGlite database: a duration, a failure count and a
 * client span with the statement's shape; and how full the pool is at each scrape. Results, errors and types stay as they are;
 * callbacks run in their caller's context. A pool that is observed already keeps its first observation, which is returned.
 *
 * @throws TypeError when `pool` is neither, or `name` is outside `[a-zA-Z0-9_.-]{1,64}`.
 * @example
 * const pool = new pg.Pool({ connectionString: env.DATABASE_URL })
 * observePool(pool, { name: 'orders', meter })
 */
export function observePool(
  pool: ObservablePgPool | ObservablePgliteDatabase,
  options: ObservePoolOptions,
): PoolObservation {
  assertName(options.name)
  const target = pool as Observable
  const present = target?.[OBSERVATION]
  if (present !== undefined) return present
  const observer = createQueryObserver(options)
  const hooks = hook(pool, observer)
  const stopUsage = exportUsage(hooks, options)
  const observation: PoolObservation = {
    stop() {
      if (target[OBSERVATION] !== observation) return
      delete target[OBSERVATION]
      observer.stop()
      stopUsage()
      hooks.unhook()
    },
  }
  Object.defineProperty(target, OBSERVATION, { value: observation, configurable: true })
  return observation
}

function hook(
  pool: ObservablePgPool | ObservablePgliteDatabase,
  observer: ReturnType<typeof createQueryObserver>,
): PoolHooks {
  const given: unknown = pool
  if (typeof given === 'object' && given !== null) {
    if (isPgPool(given)) return hookPgPool(given, observer)
    if (isPglite(given)) return hookPglite(given, observer)
  }
  throw new TypeError(
    `Cannot observe ${given === null ? 'null' : typeof given}: expected a pg.Pool or a PGlite database`,
  )
}
