/** Hooks a PGlite database: one connection in process, shared by turns. */

import { dispatch, observePromise, replaceMethod, settle } from './hooks.ts'
import type { ObservablePgliteDatabase } from './options.ts'
import type { PoolHooks } from './pg-pool.ts'
import type { QueryObserver } from './query-observer.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown
type Body = (transaction: Transaction) => unknown

/** What queries: the database, or a transaction of it. */
interface Executor {
  query: Method
  exec: Method
}
interface Transaction extends Executor {
  sql: Method
  rollback: Method
  readonly closed: boolean
}

/** Hooks the methods that take a text; the database's `sql` goes through them. */
function hookTexts(
  executor: Executor,
  observer: QueryObserver,
  around: (run: () => unknown) => unknown,
): (() => void)[] {
  return (['query', 'exec'] as const).map((name) => {
    const original = executor[name]
    const hooked: Method = function (this: unknown, ...args) {
      return around(() => observePromise(observer, args[0], () => original.apply(this, args)))
    }
    return replaceMethod(executor as { query: unknown; exec: unknown }, name, hooked)
  })
}

/** A transaction's `sql` and `rollback` go through nothing that is hooked. */
function hookInside(transaction: Transaction, observer: QueryObserver): void {
  hookTexts(transaction, observer, (run) => run())
  const { sql, rollback } = transaction
  const hookedSql: Method = (strings, ...values) => {
    const text = (strings as readonly string[]).reduce((before, part, index) => `${before}$${index}${part}`)
    return observePromise(observer, text, () => sql.call(transaction, strings, ...values))
  }
  const hookedRollback: Method = () => observePromise(observer, 'ROLLBACK', () => rollback.call(transaction))
  replaceMethod(transaction as { sql: unknown }, 'sql', hookedSql)
  replaceMethod(transaction as { rollback: unknown }, 'rollback', hookedRollback)
}

/** BEGIN lasts until the body runs, waiting for the connection included; COMMIT or ROLLBACK from there to the end. */
function observeTransaction(original: Method, self: unknown, args: unknown[], observer: QueryObserver): unknown {
  const [body, ...rest] = args as [Body, ...unknown[]]
  const begun = observer.start('BEGIN', {})
  let ended = (_error?: unknown) => {}
  const hookedBody = async (transaction: Transaction) => {
    begun()
    hookInside(transaction, observer)
    try {
      const value = await body(transaction)
      if (!transaction.closed) ended = observer.start('COMMIT', {})
      return value
    } catch (error) {
      if (transaction.closed) throw error
      const rolledBack = observer.start('ROLLBACK', {})
      // The body's error is the body's: the rollback itself went well when the transaction rejects with it.
      ended = (outcome) => rolledBack(outcome === error ? undefined : outcome)
      throw error
    }
  }
  return (original.call(self, hookedBody, ...rest) as Promise<unknown>).then(
    (value) => {
      ended()
      return value
    },
    (error) => {
      begun(error)
      ended(error)
      throw error
    },
  )
}

/** Hooks `database`. */
export function hookPglite(database: ObservablePgliteDatabase, observer: QueryObserver): PoolHooks {
  let inFlight = 0
  const during = (run: () => unknown): unknown => {
    inFlight++
    const done = () => {
      inFlight--
    }
    return settle(dispatch(done, run), done)
  }
  const transaction = database.transaction as Method
  const hookedTransaction: Method = function (this: unknown, ...args) {
    if (typeof args[0] !== 'function') return transaction.apply(this, args)
    return during(() => observeTransaction(transaction, this, args, observer))
  }
  const unhooks = [
    ...hookTexts(database as unknown as Executor, observer, during),
    replaceMethod(database as { transaction: unknown }, 'transaction', hookedTransaction),
  ]
  return {
    usage: () => ({ active: Math.min(inFlight, 1), max: 1, waiting: Math.max(inFlight - 1, 0) }),
    unhook: () => {
      for (const unhook of unhooks) unhook()
    },
  }
}
