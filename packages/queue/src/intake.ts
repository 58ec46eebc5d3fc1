/** How jobs reach Redis: what one tick enqueues travels in one transaction, because a write to a socket costs more than a job. */
import type { IRedisTransaction, JobJson, RedisQueueBackend } from 'bullmq'
import type { Store } from './store.ts'
import { STORED } from './stored-options.ts'
import type { Turns } from './turns.ts'

/** A job as it will be stored. */
export interface Stored {
  readonly id: string
  readonly name: string
  readonly tenant: string | undefined
  /** The envelope, as JSON. */
  readonly data: string
  readonly timestamp: number
  /** From 0. */
  readonly delayMs: number
  /** What it is deduplicated by, and for how long. */
  readonly once: { readonly id: string; readonly ttlMs: number } | undefined
}

interface Waiting {
  readonly jobs: readonly Stored[]
  readonly resolve: (ids: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

/** Longest transaction in jobs: Redis serves nobody else meanwhile. */
const MAX_JOBS = 1_000

/** Stores jobs of one queue. */
export class Intake {
  readonly #store: Store
  readonly #turns: Turns | undefined
  #waiting: Waiting[] = []
  #count = 0

  constructor(store: Store, turns: Turns | undefined) {
    this.#store = store
    this.#turns = turns
  }

  /** Stores all or none. Resolves with their ids, or those of the jobs they repeat. */
  put(jobs: readonly Stored[]): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) process.nextTick(() => this.#flush())
      else if (this.#count + jobs.length > MAX_JOBS) this.#flush()
      this.#waiting.push({ jobs, resolve, reject })
      this.#count += jobs.length
    })
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#count = 0
    if (waiting.length > 0) void this.#send(waiting)
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    try {
      const jobs = waiting.length === 1 ? (waiting[0] as Waiting).jobs : waiting.flatMap(({ jobs }) => jobs)
      const ids = await this.#store.use((bull) => this.#write(bull.getBackend(), jobs))
      let at = 0
      for (const { jobs, resolve } of waiting) resolve(ids.slice(at, (at += jobs.length)))
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
  async #write(backend: RedisQueueBackend, jobs: readonly Stored[]): Promise<readonly string[]> {
    const [only] = jobs
    const fair = this.#turns !== undefined
    if (jobs.length === 1 && only !== undefined && !fair) return [await backend.addJob(jsonOf(only, fair), only.id)]
    const transaction = this.#store.redis.multi()
    const scripts = transaction as unknown as Record<string, (args: unknown[]) => void>
    const target = {
      runCommand: (name: string, args: unknown[]) => scripts[name]?.(args),
    } as unknown as IRedisTransaction
    // Each puts its command into the transaction at once; what is awaited is only its encoding.
    await Promise.all(jobs.map((job) => backend.addJobToTransaction(target, jsonOf(job, fair), job.id)))
    this.#turns?.tag(transaction, jobs)
    return answersOf(await transaction.exec()).slice(0, jobs.length) as string[]
  }
}

/** @throws the first error among them */
function answersOf(answers: [Error | null, unknown][] | null): unknown[] {
  if (answers === null) throw new Error('the transaction was discarded')
  return answers.map(([error, answer]) => {
    if (error !== null) throw error
    return answer
  })
}

function jsonOf({ id, name, data, timestamp, delayMs, once }: Stored, fair: boolean): JobJson {
  const opts = {
    ...STORED,
    // Any priority makes it wait among those with a turn, which it gets in the same transaction.
    ...(delayMs > 0 ? { delay: delayMs } : fair && { priority: 1 }),
    ...(once === undefined ? {} : { deduplication: { id: once.id, ttl: once.ttlMs } }),
  }
  return { id, name, data, timestamp, opts, ...(once && { deduplicationId: once.id }) } as JobJson
}
