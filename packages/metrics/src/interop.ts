/** The bridge to prom-client: its metrics on our endpoint, ours in its registry. */
import type { Logger, MetricDefinition } from '@ops/core'
import type { ForeignFamily, ForeignSample } from './foreign.ts'
import type { PromMetric, PromRegistry, PromValue } from './prom-registry.ts'

const KINDS = ['counter', 'gauge', 'histogram', 'summary'] as const
/** Marks our metrics in a foreign registry, whatever copy of this package put them there: including it must not give them back. */
const MIRROR = Symbol.for('@ops/metrics/mirror')

/** True while a registry is being asked on our own behalf: our mirrors in it have nothing to say then. */
let including = false

/** The registry's own metrics, ours left out. */
export async function readForeign(registry: PromRegistry): Promise<readonly ForeignFamily[]> {
  const metrics = (await ask(registry)) as readonly PromMetric[]
  return metrics.filter((metric) => !(MIRROR in metric)).map(toForeign)
}

/** Registries call every metric's `get` before they first wait. */
function ask(registry: PromRegistry): Promise<readonly unknown[]> {
  including = true
  try {
    return registry.getMetricsAsJSON()
  } finally {
    including = false
  }
}

function toForeign({ name, help, type, values = [] }: PromMetric): ForeignFamily {
  const kind = KINDS.find((one) => one === type) ?? 'gauge'
  return { name, kind, help, samples: values.map((value) => toSample(name, value)) }
}

function toSample(name: string, { metricName, labels = {}, value }: PromValue): ForeignSample {
  const entries = Object.entries(labels).filter((entry): entry is [string, string | number] => entry[1] !== undefined)
  return [metricName ?? name, Object.fromEntries(entries), value]
}

/** Gives the present values of one of our metrics, its collectors run. */
export type ReadMetric = (name: string) => Promise<readonly PromValue[]>

/** A metric as a prom-client registry wants it. Registries write `name` when they speak OpenMetrics. */
class MirroredMetric {
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator = 'sum'
  readonly #declared: string
  readonly #read: ReadMetric

  constructor(definition: MetricDefinition, read: ReadMetric) {
    this.name = definition.name
    this.#declared = definition.name
    this.help = definition.help
    this.type = definition.kind
    this.#read = read
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    // Running the collectors now would wait for the run that asks.
    const values = including ? [] : await this.#read(this.#declared)
    return { name, help, type, aggregator, values, [MIRROR]: true }
  }
  reset(): void {}
}

/** Puts one of our metrics into a registry; a name it has already keeps its owner. Returns how to take it out. */
export function mirrorMetric(
  registry: PromRegistry,
  definition: MetricDefinition,
  options: { readonly read: ReadMetric; readonly logger: Logger },
): () => void {
  const mirrored = new MirroredMetric(definition, options.read)
  try {
    registry.registerMetric(mirrored)
    return () => registry.removeSingleMetric(definition.name)
  } catch {
    options.logger.info({ metric: definition.name }, 'metric not mirrored: the registry has one of that name')
    return () => {}
  }
}
