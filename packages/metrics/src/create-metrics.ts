/** createMetrics: wires recording, collectors, exposition and serving. */
import type { Instruments, LabelSpec, Meter, MetricCatalog } from '@ops/core'
import { type OpsPage, type OpsPort, startOpsPort } from '@ops/ops-port'
import { type CollectorOptions, Collectors } from './collectors.ts'
import { Exposer } from './exposer.ts'
import { registerInternals } from './internals.ts'
import { mirrorMetric, readForeign } from './interop.ts'
import { metricsMetrics, RECORD_ERROR_REASONS, type RecordErrorReason } from './metrics.ts'
import { negotiateFormat } from './negotiate.ts'
import { type MetricsOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { Outside } from './outside.ts'
import { createMetricsPage } from './page.ts'
import type { PromRegistry } from './prom-registry.ts'
import { promValues } from './prom-values.ts'
import { RecordErrors } from './record-errors.ts'
import { Registry } from './registry.ts'
import { type OutsideMetrics, SourceReader } from './sources.ts'

/** What there is besides the instruments of the catalogue. Passes as core's `Meter`. */
export interface MetricsControl extends Meter {
  /** @throws TypeError for a declaration that conflicts with one made before. */
  instruments<C extends MetricCatalog>(catalog: C): Instruments<C>
  /** Calls `collect` before each exposition; it may throw, hang or be slow at its own cost only. Returns how to stop. */
  onCollect(collect: () => void | Promise<void>, options?: CollectorOptions): () => void
  /**
   * Gives values of open labels places of their own, beyond the caps, that no other value can take.
   *
   * @throws TypeError for a metric or label that is not declared.
   */
  reserve(metric: string, values: Readonly<Record<string, readonly string[]>>): void
  /** The exposition as text: OpenMetrics 1.0 where `accept` prefers it, else Prometheus text 0.0.4. Never rejects. */
  expose(accept?: string): Promise<string>
  /** The `/metrics` page for the ops port. */
  page(): OpsPage
  /**
   * Serves `/metrics` alone, off the main thread, where no ops port with other pages runs. Closed by {@link MetricsControl.close}.
   *
   * @throws OpsPortStartError when it cannot listen.
   */
  serve(options?: ServeOptions): Promise<OpsPort>
  /** Exposes the metrics of a prom-client registry beside ours; a name we have stays ours. Returns how to stop. */
  include(registry: PromRegistry): () => void
  /** Shows our metrics, also those declared later, in a prom-client registry; a name it has stays its own. Returns how to stop. */
  mirrorTo(registry: PromRegistry): () => void
  /** Stops serving, collecting and sampling exemplars. Recording goes on, to no effect. Calling again does nothing. */
  close(): Promise<void>
}

/** Where `serve` listens. */
export interface ServeOptions {
  /** TCP port, 0 (any free one) to 65_535. @defaultValue 9090 */
  readonly port?: number
  /** Address to listen on. @defaultValue '127.0.0.1' */
  readonly host?: string
}

/** Instruments of the catalogue, under its properties, and the control beside them. */
export type Metrics<C extends MetricCatalog = MetricCatalog> = Instruments<C> & MetricsControl

/** How often histograms take exemplar candidates again. */
const EXEMPLAR_TICK_MS = 1000

/**
 * Creates the metrics of a process (or of one worker thread).
 *
 * Recording never throws and never grows without bound: what is refused or folded is counted.
 *
 * @throws TypeError or RangeError for options outside their range, conflicting declarations and reserved property names.
 * @example
 * const metrics = createMetrics(catalog, { service: 'shop' })
 * metrics.orders.inc({ kind: 'new' })
 */
export function createMetrics<const C extends MetricCatalog>(catalog: C, options: MetricsOptions): Metrics<C> {
  const control = createControl(resolveOptions(options))
  const clash = Object.keys(catalog).find((key) => key in control)
  if (clash !== undefined) {
    throw new TypeError(`Cannot create metrics: the catalogue has a property ${clash}, expected another name`)
  }
  return Object.assign(control, control.instruments(catalog))
}

function createControl(options: ResolvedOptions): MetricsControl {
  const registry = createRegistry(options)
  const own = registry.instruments(metricsMetrics)
  own.buildInfo.set({ version: options.version, commit: options.commit }, 1)
  own.serviceInfo.set({ service: options.service, env: options.env }, 1)
  const collectors = new Collectors({
    clock: options.clock,
    logger: options.logger,
    timeoutMs: options.collectTimeoutMs,
    onResult: (collector, up) => own.collectorUp.set({ collector }, up ? 1 : 0),
    onGone: (collector) => own.collectorUp.remove({ collector }),
  })
  const ticking = options.exemplars
    ? options.clock.setInterval(() => registry.tickExemplars(), EXEMPLAR_TICK_MS)
    : undefined
  const outside = new Outside()
  const exposer = new Exposer(registry.shared)
  const ports: OpsPort[] = []

  const collect = async (): Promise<OutsideMetrics> => {
    await collectors.run()
    return outside.present
  }
  const page = () => createMetricsPage(registry.shared, options.collectTimeoutMs, collect)
  const control: MetricsControl = {
    instruments: (catalog) => registry.instruments(catalog),
    onCollect: (collector, collectorOptions) => collectors.add(collector, collectorOptions),
    reserve: (metric, values) => registry.reserve(metric, values),
    async expose(accept) {
      const present = await collect()
      return exposer.text(present, negotiateFormat(accept))
    },
    page,
    async serve({ port = 9090, host = '127.0.0.1' } = {}) {
      const opsPort = await startOpsPort({ port, host, pages: [page()] })
      ports.push(opsPort)
      return opsPort
    },
    include: (promRegistry) => includeRegistry(promRegistry, outside, collectors),
    mirrorTo: (promRegistry) => mirrorAll(promRegistry, { registry, collectors, options }),
    async close() {
      ticking?.cancel()
      collectors.clear()
      await Promise.all(ports.map((port) => port.close()))
    },
  }
  registerInternals(control, { shared: registry.shared, collectors, outside, collect, options })
  return control
}

/** Creates the registry with its own counters of refusals. */
function createRegistry({ maxSeriesPerMetric, maxValuesPerLabel, exemplars, clock }: ResolvedOptions): Registry {
  const errors = new RecordErrors()
  const registry: Registry = new Registry({
    maxSeriesPerMetric,
    maxValuesPerLabel,
    exemplars,
    clock,
    errors,
    onOverflow: (metric, label) => own.seriesOverflow.inc({ metric, label }),
  })
  const own = registry.instruments(metricsMetrics)
  for (const { name, labels } of registry.definitions) reserveOverflow(registry, name, labels)
  registry.onDefinition(({ name, labels }) => {
    reserveOverflow(registry, name, labels)
    // An alert on the increase needs the 0 before it.
    const open = Object.keys(labels).filter((label) => labels[label] === 'string')
    for (const label of open) own.seriesOverflow.inc({ metric: name, label }, 0)
  })
  const counters = RECORD_ERROR_REASONS.map((reason) => [reason, own.recordErrors.bind({ reason })] as const)
  errors.attach(Object.fromEntries(counters) as Record<RecordErrorReason, (typeof counters)[number][1]>)
  return registry
}

/** What counts overflows cannot itself overflow. */
function reserveOverflow(registry: Registry, metric: string, labels: LabelSpec): void {
  registry.reserve(metricsMetrics.seriesOverflow.name, { metric: [metric], label: Object.keys(labels) })
}

/** A registry's metrics arrive by a collector of their own, so that a slow one delays nobody. */
function includeRegistry(registry: PromRegistry, outside: Outside, collectors: Collectors): () => void {
  const stop = collectors.add(async () => void outside.foreign.set(registry, await readForeign(registry)), {
    name: 'prom_registry',
  })
  return () => {
    stop()
    outside.foreign.delete(registry)
  }
}

function mirrorAll(
  target: PromRegistry,
  { registry, collectors, options }: { registry: Registry; collectors: Collectors; options: ResolvedOptions },
): () => void {
  const sources = new SourceReader(registry.shared)
  const read = async (name: string) => {
    await collectors.run()
    const { families, values } = sources.read()
    const view = families.find((one) => one.header.name === name)
    return view === undefined ? [] : promValues(view, values)
  }
  const removals = new Set<() => void>()
  const mirror = (definition: Parameters<typeof mirrorMetric>[1]) =>
    removals.add(mirrorMetric(target, definition, { read, logger: options.logger }))
  registry.definitions.forEach(mirror)
  const stop = registry.onDefinition(mirror)
  return () => {
    stop()
    for (const remove of removals) remove()
  }
}
