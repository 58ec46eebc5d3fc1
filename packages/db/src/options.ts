import type { Clock, Logger, Meter } from '@ops/core'

type Method = (...args: never[]) => unknown

/** What is asked of a `pg.Pool`. */
export interface ObservablePgPool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly options: { readonly max: number }
  readonly query: Method
  readonly connect: Method
  readonly on: Method
}

/** What is asked of a PGlite database. */
export interface ObservablePgliteDatabase {
  readonly query: Method
  readonly exec: Method
  readonly transaction: Method
}

/** How a pool is observed. */
export interface ObservePoolOptions {
  /** The `db` label and the pool's name on spans: 1 to 64 of `[a-zA-Z0-9_.-]`. One per pool of a process, never a tenant. */
  readonly name: string
  /** Where the metrics go. @defaultValue one that records nothing */
  readonly meter?: Meter
  /** Where lost idle connections and failures of the observation itself are reported. @defaultValue silent */
  readonly logger?: Logger
  /** @defaultValue the system's */
  readonly clock?: Clock
}

/** An observation that runs. */
export interface PoolObservation {
  /** Takes every hook off the pool and its connections, and forgets the pool's gauges. Calling again does nothing. */
  stop(): void
}

const NAME = /^[a-zA-Z0-9_.-]{1,64}$/

/** @throws TypeError when the name is outside its grammar. */
export function assertName(name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return
  throw new TypeError(`Cannot observe pool ${JSON.stringify(name)}: expected a name of ${NAME}`)
}
