/** createMemoryQueue: a queue and its worker in process, for unit tests of what enqueues and of handlers. */
import { type Clock, type Random, systemClock, systemRandom } from '@ops/core'
import { assertBaggage } from '../baggage.ts'
import { type Cipher, Secrecy } from '../cipher.ts'
import { type Enqueued, enqueueAll } from '../enqueue.ts'
import type { Handlers } from '../handler.ts'
import { type JobDefinition, jobsOf } from '../job-definition.ts'
import { deadLettersOf, type Queue } from '../queue.ts'
import type { Worker } from '../worker.ts'
import type { WorkerOptions } from '../worker-options.ts'
import { MemoryJobs } from './memory-jobs.ts'
import { MemoryLetters } from './memory-letters.ts'
import { MemoryWorker } from './memory-worker.ts'

/** Options of {@link createMemoryQueue}. */
export interface MemoryQueueOptions {
  /** Jobs this queue carries. */
  readonly jobs: readonly JobDefinition[]
  /** As of the real queue. @defaultValue none */
  readonly cipher?: Cipher
  /** As of the real queue. @defaultValue none */
  readonly baggage?: readonly string[]
  /** @defaultValue systemClock */
  readonly clock?: Clock
  /** @defaultValue systemRandom */
  readonly random?: Random
}

/** A queue that lives as long as the test. */
export interface MemoryQueue extends Queue {
  /** Starts a worker on it, as `createWorker` does. @throws TypeError for a handler of a job it does not carry */
  work(handlers: Handlers, options?: Pick<WorkerOptions, 'concurrency' | 'drainMs'>): Worker
  /** Resolves once no job waits, runs, or is delayed. */
  idle(): Promise<void>
}

/**
 * Creates a queue in memory with the outcome table of the real one: keys, retries, throttling, timeouts, dead letters, redrives.
 * It knows no deaths of processes, no turns of tenants, no schedules, and one process only.
 *
 * @throws as `createQueue`
 * @example
 * const queue = createMemoryQueue('billing', { jobs: [sendInvoice] })
 */
export function createMemoryQueue(name: string, options: MemoryQueueOptions): MemoryQueue {
  const { cipher, baggage = [], clock = systemClock, random = systemRandom } = options
  const jobs = jobsOf(name, options.jobs)
  assertBaggage(name, baggage)
  const store = new MemoryJobs(clock)
  const letters = new MemoryLetters((id) => store.forget(id))
  const secrecy = new Secrecy(name, cipher)
  const producer = { queue: name, jobs, intake: store, secrecy, baggage, clock }
  const target = {
    add: async (id: string, job: string, data: Parameters<MemoryJobs['add']>[2]) =>
      store.add(id, job, data, { timestamp: clock.now(), delayMs: 0 }),
    stateOf: async (id: string) => store.stateOf(id),
  }
  const effects = new Map<string, string>()
  const workers: Worker[] = []
  return {
    name,
    dead: deadLettersOf({ dead: letters, target, secrecy, jobs, clock }),
    enqueue: async (job, payload, entry) =>
      (await enqueueAll(producer, job, [{ payload, ...(entry && { options: entry }) }]))[0] as Enqueued,
    enqueueBulk: (job, entries) => enqueueAll(producer, job, entries),
    status: async () => store.count(letters.size),
    idle: () => untilIdle(store),
    work(handlers, { concurrency = 4, drainMs = 25_000 } = {}) {
      const foreign = Object.keys(handlers).find((job) => !jobs.has(job))
      if (foreign !== undefined)
        throw new TypeError(`Cannot work off ${name}: it has no job ${foreign}, expected handlers for its jobs only`)
      const ports = { queue: name, store, letters, effects, jobs, secrecy, baggage, clock, random }
      const worker = new MemoryWorker(ports, handlers, { concurrency, drainMs })
      workers.push(worker)
      return worker
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      store.close()
    },
  }
}

function untilIdle(store: MemoryJobs): Promise<void> {
  const isIdle = () => {
    const { waiting, active, delayed } = store.count(0)
    return waiting + active + delayed === 0
  }
  if (isIdle()) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = store.onChange(() => {
      if (!isIdle()) return
      stop()
      resolve()
    })
  })
}
