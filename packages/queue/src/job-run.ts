/** What a handler gets besides its payload, made of a job as it was delivered. What few ask for is made when it is asked for. */
import type { WorkContext } from '@ops/core'
import type { Job } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { Envelope } from './envelope.ts'
import type { JobRun } from './handler.ts'
import { runOnce } from './once.ts'
import { dueTimeOf } from './scheduler.ts'
import type { Store } from './store.ts'

/** Where results of `once` are kept. */
export interface DeliveredRunPorts {
  readonly store: Store
  readonly redis: RedisClient
}

/** One run of a job that came from Redis. */
export class DeliveredRun implements JobRun {
  readonly id: string
  readonly name: string
  readonly tenant: string | undefined
  readonly attempt: number
  readonly fence: number
  readonly #ports: DeliveredRunPorts
  readonly #context: WorkContext
  readonly #root: string

  constructor(ports: DeliveredRunPorts, job: Job<Envelope>, context: WorkContext) {
    const { t, f = 0, from } = job.data
    this.#ports = ports
    this.#context = context
    this.id = job.id as string
    this.name = job.name
    this.tenant = t
    this.attempt = job.attemptsMade + 1
    this.fence = f + job.attemptsStarted
    this.#root = from?.[0] ?? this.id
  }

  get dueAt(): number | undefined {
    return dueTimeOf(this.#root)
  }

  get signal(): AbortSignal {
    return this.#context.signal
  }

  /** A function of its own, so that handlers may take it out of the run. */
  get once(): JobRun['once'] {
    const { store, redis } = this.#ports
    const key = store.key(`ops-once:${this.#root}`)
    const of = { job: this.name, tenant: this.tenant }
    return (name, effect) => runOnce(redis, { key, name, effect, secrecy: store.secrecy, of })
  }
}
