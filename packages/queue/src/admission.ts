/** Whether a job BullMQ handed out may start now, or another's turn comes first or its tenant has enough running. */
import type { Instruments, Logger } from '@ops/core'
import { DelayedError, WaitingError } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { FairnessOptions } from './fairness.ts'
import type { queueMetrics } from './metrics.ts'
import type { Delivery } from './settlement.ts'
import type { Store } from './store.ts'
import { TenantCap } from './tenant-cap.ts'
import { Arrivals } from './turns.ts'

/** What an {@link Admission} works with. */
export interface AdmissionPorts {
  readonly store: Store
  readonly redis: RedisClient
  readonly fairness: FairnessOptions
  readonly metrics: Instruments<typeof queueMetrics>
  readonly logger: Logger
}

/** Admits jobs. */
export class Admission {
  readonly #ports: AdmissionPorts
  readonly #arrivals: Arrivals
  readonly #cap: TenantCap

  constructor(ports: AdmissionPorts) {
    this.#ports = ports
    this.#arrivals = new Arrivals(ports.store, ports.redis, ports.fairness)
    this.#cap = new TenantCap(ports.store, ports.redis, ports.fairness)
  }

  /** Resolves when the job may start. @throws WaitingError or DelayedError, which tell BullMQ that it is not this worker's now */
  async enter({ job, token }: Delivery): Promise<void> {
    const { store, metrics } = this.#ports
    // Delayed and scheduled jobs take their turn when they could run, those stored before fairness was declared take it now.
    if (job.priority === 0 && !(await this.#arrivals.meet(job, token))) throw new WaitingError("another's turn")
    const entry = await this.#cap.enter(job, token)
    if (entry === 'parked') metrics.released.inc({ queue: store.name, reason: 'tenant_cap' })
    if (entry === 'lost') metrics.lockLost.inc({ queue: store.name })
    if (entry !== 'entered') throw new DelayedError(entry)
  }

  /** The job ended here. Also said of suspects, which need no slot but may have that of the run their process died in. */
  leave({ job, token }: Delivery): void {
    const { store, logger } = this.#ports
    this.#cap
      .leave(job, token)
      .catch((error: unknown) => logger.debug({ queue: store.name, error }, 'slot was not given back'))
  }
}
