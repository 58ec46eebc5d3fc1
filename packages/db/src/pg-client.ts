/** Hooks `query` of one pg connection, in each of its forms, and takes the hook off again. */
import type { Attributes } from '@opentelemetry/api'
import { type Callback, dispatch, replaceMethod, settle, watchCallback } from './hooks.ts'
import type { Finish, QueryObserver } from './query-observer.ts'

type Query = (this: unknown, ...args: unknown[]) => unknown

/** A pg connection as far as hooks see it. */
export interface PgClient {
  query: Query
  readonly host?: unknown
  readonly port?: unknown
  readonly database?: unknown
}

/** A statement object that speaks pg's protocol itself: `pg.Query`, a cursor, a stream. */
interface Submittable {
  readonly text?: unknown
  readonly cursor?: { readonly text?: unknown }
  submit: unknown
  handleReadyForQuery?: Query
  handleError?: Query
}

function serverOf(client: PgClient): Attributes {
  const { host, port, database } = client
  return {
    ...(typeof host === 'string' ? { 'server.address': host } : {}),
    ...(typeof port === 'number' ? { 'server.port': port } : {}),
    ...(typeof database === 'string' ? { 'db.namespace': database } : {}),
  }
}

/** Ends the observation when the protocol does, whatever the object makes of its messages. */
function observeSubmittable(query: Submittable, finish: Finish): void {
  const { handleReadyForQuery, handleError } = query
  if (typeof handleReadyForQuery !== 'function' || typeof handleError !== 'function') return
  const restore = () => {
    for (const [name, method] of [
      ['handleReadyForQuery', handleReadyForQuery],
      ['handleError', handleError],
    ] as const) {
      if (Object.getPrototypeOf(query)?.[name] === method) delete query[name]
      else query[name] = method
    }
  }
  const hook = (name: 'handleReadyForQuery' | 'handleError', method: Query) => {
    const value = function (this: unknown, ...args: unknown[]): unknown {
      restore()
      finish(name === 'handleError' ? args[0] : undefined)
      return method.apply(this, args)
    }
    Object.defineProperty(query, name, { value, configurable: true, writable: true, enumerable: false })
  }
  hook('handleReadyForQuery', handleReadyForQuery)
  hook('handleError', handleError)
}

/** The arguments with the callback, wherever it is, replaced by one that also finishes; undefined when there is none. */
function withCallback(args: readonly unknown[], finish: Finish): unknown[] | undefined {
  const at = args.findIndex((arg, index) => index > 0 && typeof arg === 'function')
  if (at !== -1) return args.with(at, watchCallback(args[at] as Callback, finish))
  const config = args[0] as { readonly callback?: unknown } | string
  if (typeof config === 'string' || typeof config.callback !== 'function') return undefined
  // Derived, not copied: the text may come from an inherited getter; and not changed: the config is the caller's.
  const value = watchCallback(config.callback as Callback, finish)
  return args.with(
    0,
    Object.create(config, { callback: { value, writable: true, enumerable: true, configurable: true } }),
  )
}

/** Hooks `client.query`; returns how to take the hook off. */
export function hookClient(client: PgClient, observer: QueryObserver): () => void {
  const original = client.query
  const server = serverOf(client)
  const hooked: Query = function (this: unknown, ...args) {
    const config = args[0] as Submittable | string | null | undefined
    if (config === null || config === undefined) return original.apply(this, args)
    const text = typeof config === 'string' ? config : (config.text ?? config.cursor?.text)
    if (typeof config === 'object' && typeof config.submit === 'function') {
      const finish = observer.start(text, server)
      observeSubmittable(config, finish)
      return dispatch(finish, () => original.apply(this, args))
    }
    const finish = observer.start(text, server)
    const observed = withCallback(args, finish)
    if (observed !== undefined) return dispatch(finish, () => original.apply(this, observed))
    return settle(
      dispatch(finish, () => original.apply(this, args)),
      finish,
    )
  }
  return replaceMethod(client, 'query', hooked)
}
