/** How a method is replaced and a call watched without changing what its caller sees. */
import { AsyncResource } from 'node:async_hooks'
import type { Attributes } from '@opentelemetry/api'
import type { Finish, QueryObserver } from './query-observer.ts'

/** Both outcomes pass through; the promise is the derived one, so a rejection nobody handles is still reported. */
export function settle(result: unknown, finish: Finish): unknown {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
    finish()
    return result
  }
  return (result as PromiseLike<unknown>).then(
    (value) => {
      finish()
      return value
    },
    (error) => {
      finish(error ?? new Error('rejected without a reason'))
      throw error
    },
  )
}

/** Runs what dispatches a statement; one that fails at once is finished at once. */
export function dispatch(finish: Finish, send: () => unknown): unknown {
  try {
    return send()
  } catch (error) {
    finish(error)
    throw error
  }
}

/** Calls `query` for PGlite and promises alike: text in, promise out. */
export function observePromise(
  observer: QueryObserver,
  text: unknown,
  send: () => unknown,
  server: Attributes = {},
): unknown {
  const finish = observer.start(text, server)
  return settle(dispatch(finish, send), finish)
}

/** Puts an own, non-enumerable method over the present one; returns how to put it back, unless somebody else has replaced it since. */
export function replaceMethod<K extends string>(target: { [P in K]: unknown }, name: K, method: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, { value: method, configurable: true, writable: true, enumerable: false })
  return () => {
    if (target[name] !== method) return
    if (before === undefined) delete (target as { [P in K]?: unknown })[name]
    else Object.defineProperty(target, name, before)
  }
}

/** Lives and dies with its callback: nobody listens for its end. */
const KEPT_BY_CALLBACK = { requireManualDestroy: true }

/** As pg calls back. */
export type Callback = (this: unknown, error: unknown, ...results: unknown[]) => unknown

/**
 * A callback that tells `watch` its error, then runs `callback` where it was given: pg calls back in the context of whoever opened the
 * connection or released it last. Not `AsyncResource.bind`, whose properties and collection cost nearly as much as the statement.
 */
export function watchCallback(callback: Callback, watch: (error: unknown) => void): Callback {
  const caller = new AsyncResource('OPS_DB_CALLBACK', KEPT_BY_CALLBACK)
  return function (this: unknown, error: unknown, ...results: unknown[]): unknown {
    return caller.runInAsyncScope(() => {
      watch(error)
      return callback.call(this, error, ...results)
    })
  }
}
