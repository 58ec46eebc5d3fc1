import type { Clock, Logger, Meter } from '@ops/core'

/** What is asked of a `pg.Pool`. */
export interface ObservablePgPool {
  /** Connections open or opening. */
  readonly totalCount: number
  /** Of those, the ones nobody uses. */
  readonly idleCount: number
  /** Callers that wait for one. */
  readonly waitingCount: number
  /** What the pool was made with. */
  readonly options: { readonly max: number }
  /** Runs a statement. */
  readonly query: (...args: never[]) => unknown
  /** Hands out a connection, by promise or callback. */
  readonly connect: (...args: never[]) => unknown
  /** Listens: `connect`, `acquire`, `remove` and `error` are. */
  readonly on: (...args: never[]) => unknown
}

/** What is asked of a PGlite database. */
export interface ObservablePgliteDatabase {
  /** Runs a statement. */
  readonly query: (...args: never[]) => unknown
  /** Runs several statements. */
  readonly exec: (...args: never[]) => unknown
  /** Runs a function between BEGIN and COMMIT. */
  readonly transaction: (...args: never[]) => unknown
}

/** How a pool is observed. */
export interface ObservePoolOptions {
  /** The `db` label and the pool's name on spans: 1 to 64 of `[a-zA-Z0-9_.-]`. One per pool of a process, never a tenant. */
  readonly name: string
  /** Where the metrics go. @defaultValue one that records nothing */
  readonly meter?: Meter
  /** Where lost idle connections and failures of the observation itself are reported. @defaultValue silent */
  readonly logger?: Logger
  /** Source of durations. @defaultValue the system's */
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
