/** Hooks a pg pool: its connections as they come, and the callbacks that get one, which would run in another caller's context. */
import type { EventEmitter } from 'node:events'
import { errorMonitor } from 'node:events'
import { type Callback, replaceMethod, watchCallback } from './hooks.ts'
import type { ObservablePgPool } from './options.ts'
import { hookClient, type PgClient } from './pg-client.ts'
import type { QueryObserver } from './query-observer.ts'

type Connect = (this: unknown, ...args: unknown[]) => unknown

/** What the gauges show. */
interface PoolUsage {
  readonly active: number
  readonly max: number
  readonly waiting: number
}

/** A hooked pool. */
export interface PoolHooks {
  usage(): PoolUsage
  unhook(): void
}

function hookConnect(pool: ObservablePgPool, observer: QueryObserver): () => void {
  const original = pool.connect as Connect
  const hooked: Connect = function (this: unknown, ...args) {
    const [callback, ...rest] = args
    if (typeof callback !== 'function') {
      const got = original.apply(this, args) as Promise<unknown>
      return got.then(undefined, (error) => {
        observer.failed('connect', error)
        throw error
      })
    }
    const bound = watchCallback(callback as Callback, (error) => {
      if (error) observer.failed('connect', error)
    })
    return original.call(this, bound, ...rest)
  }
  return replaceMethod(pool as { connect: unknown }, 'connect', hooked)
}

/** Hooks `pool`. Connections checked out already are hooked when they are next acquired. */
export function hookPgPool(pool: ObservablePgPool, observer: QueryObserver): PoolHooks {
  const emitter = pool as unknown as EventEmitter
  const clients = new Map<PgClient, () => void>()
  const onClient = (client: PgClient) => {
    if (!clients.has(client)) clients.set(client, hookClient(client, observer))
  }
  const onRemove = (client: PgClient) => {
    clients.get(client)?.()
    clients.delete(client)
  }
  const onError = (error: unknown) => observer.failed('idle', error)

  // First of all listeners, so that what an application asks of a fresh connection is observed as well.
  emitter.prependListener('connect', onClient)
  emitter.prependListener('acquire', onClient)
  emitter.on('remove', onRemove)
  // A monitor, not a listener: whether an unhandled pool error ends the process is the application's choice.
  emitter.on(errorMonitor, onError)
  const unhookConnect = hookConnect(pool, observer)

  return {
    usage: () => ({ active: pool.totalCount - pool.idleCount, max: pool.options.max, waiting: pool.waitingCount }),
    unhook: () => {
      unhookConnect()
      emitter.off('connect', onClient).off('acquire', onClient).off('remove', onRemove).off(errorMonitor, onError)
      for (const unhookClient of clients.values()) unhookClient()
      clients.clear()
    },
  }
}
