/** defineService: the declaration and, once it runs, its parts. */
import type { ConfigShape } from '@ops/config'
import { isOpsError, type MetricCatalog } from '@ops/core'
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
   *
   * Without `load` the application is what follows the call: an existing one hands the resolved service to its adapter.
   * The ops port then says ready before that application listens.
   *
   * @returns the service itself, running
   */
  run(load?: () => Promise<Application<S, C>>, options?: RunOptions): Promise<Service<S, C>>
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
  const service: Service<S, C> = {
    definition,
    get ops() {
      if (running === undefined) throw new ServiceNotRunningError(definition.name)
      return running
    },
    async run(load, options) {
      try {
        running = await startOps(definition, options)
        await startApplication(running, load)
      } catch (error) {
        giveUp(definition.name, error)
      }
      return service
    },
  }
  return service
}

async function startApplication<S extends ConfigShape, C extends MetricCatalog>(
  ops: Ops<S, C>,
  load: (() => Promise<Application<S, C>>) | undefined,
): Promise<void> {
  await ops.lifecycle.phase('application', async () => {
    const application = await load?.()
    await application?.default?.(ops)
  })
  await ops.lifecycle.started()
}

/** Ends a process that has no lifecycle yet; where there is one, it has said why and ends the process itself. */
function giveUp(name: string, error: unknown): void {
  if (isOpsError(error, 'OPS_HEALTH_START_FAILED') || isOpsError(error, 'OPS_HEALTH_START_ABORTED')) return
  process.stderr.write(`Cannot start ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
