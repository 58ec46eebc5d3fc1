/** Runs the loader of a definition: one by one or in batches, bounded in time and per tenant, timed and traced. */

import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { Clock } from '@ops/core'
import { CacheLoadTimeoutError } from './errors.ts'
import { LoadScope } from './load-scope.ts'
import type { DefinitionSettings, LoadContext } from './options.ts'
import type { DefinitionFigures } from './telemetry.ts'
import type { TenantLimit } from './tenant-limit.ts'

/** A loaded value. */
export interface Loaded<V> {
  readonly value: V
  /** How long the loader took, in milliseconds. */
  readonly loadMs: number
}

/** Loads the value of an id for a tenant (`''` is global). */
export type Loader<V> = (tenant: string, id: string) => Promise<Loaded<V>>

/** What a loader runs with. */
export interface LoaderOptions<V> {
  readonly cache: string
  readonly settings: DefinitionSettings<V>
  readonly clock: Clock
  readonly limit: TenantLimit
  readonly figures: DefinitionFigures
}

interface Waiting<V> {
  readonly id: string
  readonly resolve: (loaded: Loaded<V>) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 500

/** Uses `loadMany` where there is one, collecting what is asked for in one turn of the event loop. */
export function createLoader<V>(options: LoaderOptions<V>): Loader<V> {
  const { load, loadMany } = options.settings
  if (loadMany === undefined) {
    return (tenant, id) => runLoad(options, tenant, async (context) => (load as NonNullable<typeof load>)(id, context))
  }
  const queues = new Map<string, Waiting<V>[]>()
  const flush = (tenant: string): void => {
    const all = queues.get(tenant) ?? []
    queues.delete(tenant)
    for (let from = 0; from < all.length; from += MAX_BATCH) {
      void loadBatch(options, tenant, all.slice(from, from + MAX_BATCH))
    }
  }
  return (tenant, id) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(tenant)
      if (queue === undefined) {
        queues.set(tenant, [{ id, resolve, reject }])
        setImmediate(flush, tenant)
      } else queue.push({ id, resolve, reject })
    })
}

async function loadBatch<V>(options: LoaderOptions<V>, tenant: string, batch: readonly Waiting<V>[]): Promise<void> {
  const { loadMany } = options.settings
  const ids = [...new Set(batch.map(({ id }) => id))]
  try {
    const { value, loadMs } = await runLoad(options, tenant, async (context) => {
      const found = await (loadMany as NonNullable<typeof loadMany>)(ids, context)
      if (!(found instanceof Map))
        throw new TypeError(`Cannot use what loadMany returned: ${typeof found}, expected a Map`)
      return found as ReadonlyMap<string, V | Error>
    })
    for (const { id, resolve, reject } of batch) {
      const one = value.get(id)
      if (one instanceof Error) reject(one)
      else resolve({ value: one as V, loadMs })
    }
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}

async function runLoad<V, T>(
  { cache, settings, clock, limit, figures }: LoaderOptions<V>,
  tenant: string,
  work: (context: LoadContext) => Promise<T>,
): Promise<Loaded<T>> {
  const startedAt = clock.monotonic()
  const scope = new LoadScope(tenant)
  const timer = clock.setTimeout(() => {
    scope.abort(new CacheLoadTimeoutError(`${cache}.${settings.name}`, settings.hardMs))
  }, settings.hardMs)
  try {
    const load = () => limit.run(tenant, () => scope.bound(work(scope)), scope)
    return { value: await traced(`${cache}.${settings.name}`, load), loadMs: clock.monotonic() - startedAt }
  } finally {
    timer.cancel()
    figures.loadDuration.observe((clock.monotonic() - startedAt) / 1000)
  }
}

/** Inside a span of its own where a trace is being recorded, so that the loader's spans lie under it. */
async function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (trace.getActiveSpan()?.isRecording() !== true) return work()
  const attributes = { 'ops.cache.name': name }
  return trace.getTracer('@ops/cache').startActiveSpan('cache load', { attributes }, async (span) => {
    try {
      return await work()
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
      throw error
    } finally {
      span.end()
    }
  })
}
