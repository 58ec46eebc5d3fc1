/** The producer: checks a payload, puts it into its envelope, and hands it to the intake, all in one span. */

import { createHash } from 'node:crypto'
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Clock, createTraceId } from '@ops/core'
import { pickBaggage } from './baggage.ts'
import type { Secrecy } from './cipher.ts'
import { type Envelope, encrypted, parsePayload, sealEnvelope, storableJson } from './envelope.ts'
import { InvalidPayloadError } from './errors.ts'
import type { Intake, Stored } from './intake.ts'
import type { JobDefinition } from './job-definition.ts'

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

/** A payload to enqueue. */
export interface Entry<T> {
  readonly payload: T
  readonly options?: EnqueueOptions
}

/** What enqueueing works with. */
export interface ProducerPorts {
  readonly queue: string
  readonly jobs: ReadonlyMap<string, JobDefinition>
  readonly intake: Pick<Intake, 'put'>
  readonly secrecy: Secrecy
  /** Names of the baggage entries that travel. */
  readonly baggage: readonly string[]
  readonly clock: Clock
}

const KEY_REMEMBERED_MS = 86_400_000
const tracer = trace.getTracer('@ops/queue')

/** Stores one job for each entry, all or none. Answers in their order. */
export async function enqueueAll<T>(
  { queue, jobs, intake, secrecy, baggage, clock }: ProducerPorts,
  job: JobDefinition<T>,
  entries: readonly Entry<T>[],
): Promise<Enqueued[]> {
  if (!jobs.has(job.name))
    throw new InvalidPayloadError(job.name, `queue ${queue} does not carry it, expected one of its jobs`)
  const span = startProducerSpan(queue, job.name)
  try {
    const carried = pickBaggage(baggage)
    const plain = entries.map((entry) => envelopeOf(job, entry, { span, clock, baggage: carried }))
    const sealed = secrecy.on ? await Promise.all(plain.map((one) => encrypted(job.name, one, secrecy))) : plain
    const stored = sealed.map((envelope, i) =>
      storedOf(job.name, envelope, { ...entries[i]?.options, now: clock.now() }),
    )
    const ids = await intake.put(stored)
    return stored.map(({ id }, i) => ({ id: ids[i] as string, deduplicated: id !== ids[i] }))
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
    throw error
  } finally {
    span.end()
  }
}

function envelopeOf<T>(
  job: JobDefinition<T>,
  { payload, options = {} }: Entry<T>,
  { span, clock, baggage }: { readonly span: Span; readonly clock: Clock; readonly baggage: Envelope['b'] },
): Envelope {
  const { inheritDeadline = false } = options
  const times = { now: clock.now(), monotonic: clock.monotonic() }
  return sealEnvelope(job.version, parsePayload(job, payload), { span, ...times, inheritDeadline, baggage })
}

function storedOf(
  job: string,
  envelope: Envelope,
  { key, delayMs = 0, now }: EnqueueOptions & { readonly now: number },
): Stored {
  return {
    id: createTraceId(),
    name: job,
    tenant: envelope.t,
    data: storableJson(job, envelope),
    timestamp: now,
    delayMs,
    once: key === undefined ? undefined : { id: keyId(job, envelope.t, key), ttlMs: KEY_REMEMBERED_MS },
  }
}

/** Keys of two jobs or tenants never meet, and no key is too long or holds what Redis keys must not. */
function keyId(job: string, tenant: string | undefined, key: string): string {
  const parts = JSON.stringify([job, tenant ?? null, key])
  return createHash('sha256').update(parts).digest('base64url')
}

function startProducerSpan(queue: string, job: string): Span {
  return tracer.startSpan(`enqueue ${job}`, {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.destination.name': queue,
      'messaging.operation.type': 'send',
    },
  })
}
