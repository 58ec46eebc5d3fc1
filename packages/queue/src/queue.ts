/** createQueue: the producer's side, and the view of operators. */

import { createHash } from 'node:crypto'
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  type Clock,
  createTraceId,
  currentContext,
  type Logger,
  type Meter,
  noopMeter,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@ops/core'
import type { BulkJobOptions, JobsOptions } from 'bullmq'
import type { RedisClient } from './connection.ts'
import type { DeadLetter } from './dead-letter.ts'
import { type DeadLetterFilter, type DeadLetterGroup, DeadLetterStore, type DiscardOptions } from './dead-letters.ts'
import { assertStorable, type Envelope, parsePayload, sealEnvelope } from './envelope.ts'
import { InvalidPayloadError } from './errors.ts'
import type { JobDefinition } from './job-definition.ts'
import { type RedriveOptions, type RedriveReport, redrive } from './redrive.ts'
import { collectGauges, type QueueStatus, readStatus } from './status.ts'
import { Store } from './store.ts'
import { STORED } from './stored-options.ts'

/** Options of {@link createQueue}. */
export interface QueueOptions {
  /** The application's ioredis client, made by `createRedis` of @ops/redis; it stays the application's. */
  readonly redis: RedisClient
  /** Jobs this queue carries. */
  readonly jobs: readonly JobDefinition[]
  /** @defaultValue noopMeter */
  readonly meter?: Meter
  /** @defaultValue silentLogger */
  readonly logger?: Logger
  /** @defaultValue systemClock */
  readonly clock?: Clock
  /** @defaultValue systemRandom */
  readonly random?: Random
}

/** Options of one job. */
export interface EnqueueOptions {
  /**
   * Idempotency key, unique within job and tenant: while it is remembered (24 h), the same key answers with the first job's id.
   * @defaultValue none
   */
  readonly key?: string
  /** Wait before it may run, in milliseconds, from 0. @defaultValue 0 */
  readonly delayMs?: number
  /** True: the job's attempts end at the deadline of the running context, which is usually a request's. @defaultValue false */
  readonly inheritDeadline?: boolean
}

/** What became of an enqueue. */
export interface Enqueued {
  /** Id of the job: the new one, or that of the first with the same key. */
  readonly id: string
  /** True when a job with the same key was there already. */
  readonly deduplicated: boolean
}

/** The dead letters of a queue. */
export interface DeadLetters {
  /** Newest first, 100 unless `limit` says otherwise. */
  list(filter?: DeadLetterFilter & { readonly limit?: number }): Promise<DeadLetter[]>
  /** By what failed alike, largest first. */
  groups(): Promise<DeadLetterGroup[]>
  show(id: string): Promise<DeadLetter | undefined>
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
  enqueueBulk<T>(
    job: JobDefinition<T>,
    entries: readonly { readonly payload: NoInfer<T>; readonly options?: EnqueueOptions }[],
  ): Promise<Enqueued[]>
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
}

const internals = new WeakMap<Queue, QueueInternals>()
const KEY_REMEMBERED_MS = 86_400_000
const NAME = /^[a-z][a-z0-9._-]{0,63}$/
const tracer = trace.getTracer('@ops/queue')

/** @throws TypeError for an object that createQueue did not make. */
export function internalsOf(queue: Queue): QueueInternals {
  const found = internals.get(queue)
  if (found === undefined) throw new TypeError('Cannot work off a queue of unknown make: expected one of createQueue')
  return found
}

/**
 * Creates a queue. Connects on first use; nothing is read or written before.
 *
 * @throws TypeError for a name outside the grammar or two jobs of one name.
 * @example
 * const queue = createQueue('billing', { redis, jobs: [sendInvoice] })
 */
export function createQueue(name: string, options: QueueOptions): Queue {
  if (!NAME.test(name)) throw new TypeError(`Cannot create queue ${JSON.stringify(name)}: expected a name like ${NAME}`)
  const { redis, meter = noopMeter, logger = silentLogger, clock = systemClock, random = systemRandom } = options
  const jobs = new Map(options.jobs.map((job) => [job.name, job as JobDefinition]))
  if (jobs.size < options.jobs.length)
    throw new TypeError(`Cannot create queue ${name}: two jobs have one name, expected one each`)
  const store = new Store(name, redis, clock)
  const dead = new DeadLetterStore(store)
  const queue: Queue = {
    name,
    dead: {
      list: (filter) => dead.list(filter),
      groups: () => dead.groups(),
      show: (id) => dead.show(id),
      count: (filter) => dead.count(filter),
      redrive: (filter, how = {}) => redrive({ store, dead, jobs, clock }, filter, how),
      discard: (filter, how) => dead.discard(filter, how),
    },
    enqueue: async (job, payload, entry) =>
      (await enqueueAll(job, [{ payload, ...(entry && { options: entry }) }]))[0] as Enqueued,
    enqueueBulk: (job, entries) => enqueueAll(job, entries),
    status: () => readStatus(store),
    async close() {
      stopCollecting()
      await store.close()
    },
  }

  async function enqueueAll<T>(
    job: JobDefinition<T>,
    entries: readonly { readonly payload: T; readonly options?: EnqueueOptions }[],
  ): Promise<Enqueued[]> {
    if (!jobs.has(job.name))
      throw new InvalidPayloadError(job.name, `queue ${name} does not carry it, expected one of its jobs`)
    return inProducerSpan(name, job.name, async (span) => {
      const made = entries.map((entry) => makeEntry(job, entry, { span, clock }))
      return store.use(async (bull) => {
        const [only] = made
        const stored =
          made.length === 1 && only !== undefined
            ? [await bull.add(only.name, only.data, only.opts)]
            : await bull.addBulk(made)
        return stored.map(({ id }, i) => ({ id: id as string, deduplicated: id !== made[i]?.opts.jobId }))
      })
    })
  }

  const stopCollecting = collectGauges({ name, store, meter, logger })
  internals.set(queue, { store, jobs, clock, random })
  return queue
}

interface BullEntry {
  readonly name: string
  readonly data: Envelope
  readonly opts: BulkJobOptions & JobsOptions
}

function makeEntry<T>(
  job: JobDefinition<T>,
  { payload, options = {} }: { readonly payload: T; readonly options?: EnqueueOptions },
  { span, clock }: { readonly span: Span; readonly clock: Clock },
): BullEntry {
  const parsed = parsePayload(job, payload)
  assertStorable(job.name, parsed)
  const { key, delayMs, inheritDeadline = false } = options
  const times = { now: clock.now(), monotonic: clock.monotonic() }
  const data = sealEnvelope(job.version, parsed, { span, ...times, inheritDeadline })
  return {
    name: job.name,
    data,
    opts: {
      ...STORED,
      jobId: createTraceId(),
      timestamp: clock.now(),
      ...(delayMs === undefined ? {} : { delay: delayMs }),
      ...(key === undefined ? {} : { deduplication: { id: keyId(job.name, key), ttl: KEY_REMEMBERED_MS } }),
    },
  }
}

/** Keys of two jobs or tenants never meet, and no key is too long or holds what Redis keys must not. */
function keyId(job: string, key: string): string {
  const parts = JSON.stringify([job, currentContext()?.tenant ?? null, key])
  return createHash('sha256').update(parts).digest('base64url')
}

async function inProducerSpan<T>(queue: string, job: string, work: (span: Span) => Promise<T>): Promise<T> {
  const span = tracer.startSpan(`enqueue ${job}`, {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.destination.name': queue,
      'messaging.operation.type': 'send',
    },
  })
  try {
    return await work(span)
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
    throw error
  } finally {
    span.end()
  }
}
