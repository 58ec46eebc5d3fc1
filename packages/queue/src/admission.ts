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

  /** Resolves with how to tell that the job ended. @throws WaitingError or DelayedError, which tell BullMQ that it was handed back */
  async enter({ job, token }: Delivery): Promise<() => void> {
    const { store, metrics, logger } = this.#ports
    // Of delayed, redriven and scheduled jobs, and of those stored before fairness was declared.
    if (job.priority === 0 && !(await this.#arrivals.meet(job, token))) throw new WaitingError("another's turn")
    const leave = await this.#cap.enter(job, token)
    if (leave === undefined) {
      metrics.released.inc({ queue: store.name, reason: 'tenant_cap' })
      throw new DelayedError('tenant_cap')
    }
    return () =>
      void leave().catch((error: unknown) => logger.debug({ queue: store.name, error }, 'slot was not given back'))
  }
}
