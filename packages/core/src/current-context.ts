/** The one AsyncLocalStorage: shared by every copy of this package, and OpenTelemetry's context manager. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { type Context, type ContextManager, context as otelContext, ROOT_CONTEXT } from '@opentelemetry/api'
import { TenantRequiredError } from './errors.ts'
import type { WorkContext } from './work-context.ts'

interface Store {
  readonly storage: AsyncLocalStorage<Context>
  readonly manager: ContextManager
}

const KEY = Symbol.for('@ops/core/context/1')

function createStore(): Store {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, fn, thisArg, ...args) => storage.run(context, () => fn.apply(thisArg, args)),
    bind: (context, target) => bind(storage, context, target),
    attach(context) {
      const before = storage.getStore()
      storage.enterWith(context)
      return { dispose: () => storage.enterWith(before as Context) }
    },
    enable: () => manager,
    disable: () => manager,
  }
  return { storage, manager }
}

function bind<T>(storage: AsyncLocalStorage<Context>, context: Context, target: T): T {
  if (target instanceof EventEmitter) return bindEmitter(storage, context, target)
  if (typeof target !== 'function') return target
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return storage.run(context, () => Reflect.apply(target, this, args))
  }
  Object.defineProperty(bound, 'length', { value: target.length, configurable: true })
  return bound as T
}

/** Listeners of a bound emitter run in the context, whoever emits. */
function bindEmitter<T extends EventEmitter>(storage: AsyncLocalStorage<Context>, context: Context, emitter: T): T {
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (name: string | symbol, ...args: unknown[]) => storage.run(context, () => emit(name, ...args))
  return emitter
}

const holder = globalThis as { [KEY]?: Store }
const { storage, manager } = (holder[KEY] ??= createStore())

/**
 * Registers the store as OpenTelemetry's context manager, so that its API and third-party instrumentation see the same context.
 * Idempotent. False when another manager was registered first: spans of the two then do not meet.
 */
export function registerContextManager(): boolean {
  const probe = ROOT_CONTEXT.setValue(KEY, true)
  if (otelContext.with(probe, () => storage.getStore() === probe)) return true
  return otelContext.setGlobalContextManager(manager)
}

/** The context of the unit of work that is running; undefined outside one. */
export function currentContext(): WorkContext | undefined {
  const active = storage.getStore()
  return active !== undefined && 'requestId' in active ? (active as WorkContext) : undefined
}

/** Runs `fn` inside `context`; everything it starts sees the same context. */
export function runInContext<T>(context: WorkContext, fn: () => T): T {
  return storage.run(context, fn)
}

/** The tenant of the running unit. @throws TenantRequiredError (`OPS_TENANT_REQUIRED`) where there is none; `operation` says what wanted it. */
export function requireTenant(operation: string): string {
  const tenant = currentContext()?.tenant
  if (tenant === undefined || tenant === '') throw new TenantRequiredError(operation)
  return tenant
}
