/** What aggregation needs of a Metrics and nobody else should touch. */
import type { SharedMetrics } from './arena.ts'
import type { Collectors } from './collectors.ts'
import type { ResolvedOptions } from './options.ts'
import type { Outside } from './outside.ts'
import type { OutsideMetrics } from './sources.ts'

export interface MetricsInternals {
  readonly shared: SharedMetrics
  readonly collectors: Collectors
  readonly outside: Outside
  readonly options: ResolvedOptions
  readonly collect: () => Promise<OutsideMetrics>
}

const internals = new WeakMap<object, MetricsInternals>()

export function registerInternals(metrics: object, parts: MetricsInternals): void {
  internals.set(metrics, parts)
}

/** @throws TypeError for an object that `createMetrics` of this copy of the package did not make. */
export function internalsOf(metrics: object): MetricsInternals {
  const found = internals.get(metrics)
  if (found === undefined) throw new TypeError('Cannot aggregate metrics: expected what createMetrics returned')
  return found
}
