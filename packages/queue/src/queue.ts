/** createQueue: the producer's side, and the view of operators. */
import {
  type Clock,
  type Logger,
  type Meter,
  noopMeter,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@ops/core'
import { assertBaggage } from './baggage.ts'
import { type BreakerOptions, resolveBreaker } from './breaker-options.ts'
import type { Cipher } from './cipher.ts'
import type { RedisClient } from './connection.ts'
import type { DeadLetter } from './dead-letter.ts'
import { DeadLetterStore, type DiscardOptions } from './dead-letters.ts'
import { type Enqueued, type EnqueueOptions, type Entry, enqueueAll } from './enqueue.ts'
import { assertFairness, type FairnessOptions } from './fairness.ts'
import { Intake } from './intake.ts'
import { type JobDefinition, jobsOf } from './job-definition.ts'
import type { DeadLetterFilter, DeadLetterGroup } from './letter-filter.ts'
import { type RedriveOptions, type RedrivePorts, type RedriveReport, redrive, redriveTarget } from './redrive.ts'
import { openLetter } from './sealed-letter.ts'
import { collectGauges, type QueueStatus, readStatus } from './status.ts'
import { Store } from './store.ts'
import { Turns } from './turns.ts'

/** Options of {@link createQueue}. */
export interface QueueOptions {
  /** The application's ioredis client, made by `createRedis` of @ops/redis; it stays the application's. */
  readonly redis: RedisClient
  /** Jobs this queue carries. */
  readonly jobs: readonly JobDefinition[]
  /** Turns of tenants. @defaultValue first come, first served */
  readonly fairness?: FairnessOptions
  /** Encrypts payloads, the results of `once` and what errors say; results of handlers are then not kept. @defaultValue none: readable in Redis */
  readonly cipher?: Cipher
  /** Names of the W3C baggage entries that travel with jobs, 16 at most. @defaultValue none */
  readonly baggage?: readonly string[]
  /** Parks jobs uncharged while what they need is out. @defaultValue see {@link BreakerOptions}; false for none */
  readonly breaker?: BreakerOptions | false
  /** @defaultValue noopMeter */
  readonly meter?: Meter
  /** @defaultValue silentLogger */
  readonly logger?: Logger
  /** @defaultValue systemClock */
  readonly clock?: Clock
  /** @defaultValue systemRandom */
  readonly random?: Random
}

/** The dead letters of a queue. */
export interface DeadLetters {
  /** Newest first, 100 unless `limit` says otherwise. */
  list(filter?: DeadLetterFilter & { readonly limit?: number }): Promise<DeadLetter[]>
  /** By what failed alike, largest first. */
  groups(): Promise<DeadLetterGroup[]>
  show(id: string): Promise<DeadLetter | undefined>
  /** As `show`, with what the queue's cipher encrypted. @throws InvalidPayloadError when it cannot be decrypted */
  reveal(id: string): Promise<DeadLetter | undefined>
  /** How many; without a filter all, at once. */
  count(filter?: DeadLetterFilter): Promise<number>
  /** Brings letters back as new jobs. A cut-off redrive can be repeated: no letter comes back twice. */
  redrive(filter: DeadLetterFilter, options?: RedriveOptions): Promise<RedriveReport>
  /** Forgets letters and their jobs, for good. Returns how many, also when `signal` ended it early. */
  discard(filter: DeadLetterFilter, options?: DiscardOptions): Promise<number>
}

/** A queue. */
export interface Queue {
  readonly name: string
  /**
   * Stores one job with the tenant, trace and deadline of the running context. Waits at most 5 s for Redis.
   *
   * @throws InvalidPayloadError, QueueUnavailableError, QueueEvictingError
   */
  enqueue<T>(job: JobDefinition<T>, payload: NoInfer<T>, options?: EnqueueOptions): Promise<Enqueued>
  /** Stores many in one transaction: all or none. Answers in their order. @throws as {@link Queue.enqueue} */
  enqueueBulk<T>(job: JobDefinition<T>, entries: readonly Entry<NoInfer<T>>[]): Promise<Enqueued[]>
  status(): Promise<QueueStatus>
  readonly dead: DeadLetters
  /** Stops what the queue started; the client stays open. */
  close(): Promise<void>
}

/** What a worker needs of a queue. */
export interface QueueInternals {
  readonly store: Store
  readonly jobs: ReadonlyMap<string, JobDefinition>
  readonly clock: Clock
  readonly random: Random
  readonly fairness: FairnessOptions | undefined
  readonly breaker: Required<BreakerOptions> | undefined
}

const internals = new WeakMap<Queue, QueueInternals>()

/** @throws TypeError for an object that createQueue did not make. */
export function internalsOf(queue: Queue): QueueInternals {
  const found = internals.get(queue)
  if (found === undefined) throw new TypeError('Cannot work off a queue of unknown make: expected one of createQueue')
  return found
}

/**
 * Creates a queue. Connects on first use; nothing is read or written before.
 *
 * @throws TypeError for a name outside the grammar or two jobs of one name, RangeError for options outside their range.
 * @example
 * const queue = createQueue('billing', { redis, jobs: [sendInvoice] })
 */
export function createQueue(name: string, options: QueueOptions): Queue {
  const { jobs, breaker, fairness, baggage, clock, random, ports } = resolveQueue(name, options)
  const store = new Store(name, options.redis, { clock, cipher: options.cipher, baggage })
  const { secrecy } = store
  const intake = new Intake(store, fairness && new Turns(store, fairness))
  const producer = { queue: name, jobs, intake, secrecy, baggage, clock }
  const queue: Queue = {
    name,
    dead: deadLettersOf({
      dead: new DeadLetterStore(store),
      target: redriveTarget(store, intake),
      jobs,
      clock,
      secrecy,
    }),
    enqueue: async (job, payload, entry) =>
      (await enqueueAll(producer, job, [{ payload, ...(entry && { options: entry }) }]))[0] as Enqueued,
    enqueueBulk: (job, entries) => enqueueAll(producer, job, entries),
    status: () => readStatus(store),
    async close() {
      stopCollecting()
      await store.close()
    },
  }
  const stopCollecting = collectGauges({ name, store, breaker, ...ports })
  internals.set(queue, { store, jobs, clock, random, fairness, breaker })
  return queue
}

/** The options with their defaults. @throws as createQueue */
function resolveQueue(name: string, options: QueueOptions) {
  const { fairness, breaker = {}, baggage = [], clock = systemClock, random = systemRandom } = options
  const { meter = noopMeter, logger = silentLogger } = options
  const jobs = jobsOf(name, options.jobs)
  if (fairness !== undefined) assertFairness(name, fairness)
  assertBaggage(name, baggage)
  const resolved = breaker === false ? undefined : resolveBreaker(name, breaker)
  return { jobs, fairness, breaker: resolved, baggage, clock, random, ports: { meter, logger } }
}

/** The face of dead letters, wherever they are kept. */
export function deadLettersOf(ports: RedrivePorts): DeadLetters {
  const { dead, secrecy } = ports
  return {
    list: (filter) => dead.list(filter),
    groups: () => dead.groups(),
    show: (id) => dead.show(id),
    async reveal(id) {
      const letter = await dead.show(id)
      return letter && openLetter(letter, secrecy)
    },
    count: (filter) => dead.count(filter),
    redrive: (filter, how = {}) => redrive(ports, filter, how),
    discard: (filter, how) => dead.discard(filter, how),
  }
}
