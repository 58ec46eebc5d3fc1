/** defineService: the declaration and, once it runs, its parts. */
import type { ConfigShape } from '@ops/config'
import type { MetricCatalog } from '@ops/core'
import { assertDefinition, type ServiceDefinition } from './definition.ts'
import { ServiceNotRunningError } from './errors.ts'
import type { Ops } from './ops.ts'
import { type RunOptions, startOps } from './start-ops.ts'

/** The application's module: its default export, if any, is called with the parts. */
export interface Application<S extends ConfigShape, C extends MetricCatalog> {
  readonly default?: (ops: Ops<S, C>) => void | Promise<void>
}

/** A declared service. */
export interface Service<S extends ConfigShape = ConfigShape, C extends MetricCatalog = MetricCatalog> {
  readonly definition: ServiceDefinition<S, C>
  /** The running parts. @throws ServiceNotRunningError (`OPS_SERVICE_NOT_RUNNING`) before {@link Service.run} made them. */
  readonly ops: Ops<S, C>
  /**
   * Loads settings, starts signals, lifecycle and ops port, then loads the application and awaits its default export.
   * A failing start closes what it opened, prints why and exits 1.
   */
  run(load: () => Promise<Application<S, C>>, options?: RunOptions): Promise<void>
}

/**
 * Declares a service. Reads nothing and starts nothing, so tools and tests import it safely.
 *
 * @throws TypeError or RangeError for a declaration that contradicts itself.
 * @example
 * export default defineService({ name: 'orders', owner: 'team-checkout', tier: 1, settings })
 */
export function defineService<const S extends ConfigShape, const C extends MetricCatalog = Record<never, never>>(
  definition: ServiceDefinition<S, C>,
): Service<S, C> {
  assertDefinition(definition)
  let running: Ops<S, C> | undefined
  return {
    definition,
    get ops() {
      if (running === undefined) throw new ServiceNotRunningError(definition.name)
      return running
    },
    async run(load, options) {
      running = await startOps(definition, options)
      const { lifecycle } = running
      const ops = running
      await lifecycle.phase('application', async () => {
        const application = await load()
        await application.default?.(ops)
      })
      await lifecycle.started()
    },
  }
}
