/** The envelope: what travels with a payload, so that an attempt runs as its producer meant it. */
import { isSpanContextValid, type Span } from '@opentelemetry/api'
import { currentContext, formatTraceparent, type TraceParent, tryParseTraceparent } from '@ops/core'
import type { Secrecy } from './cipher.ts'
import { InvalidPayloadError } from './errors.ts'
import type { JobDefinition } from './job-definition.ts'

/** As stored in Redis; keys are short because every job pays for them. */
export interface Envelope {
  /** The payload, or its ciphertext. */
  readonly p: unknown
  /** Version of the payload. */
  readonly v: number
  /** Tenant of the producer. */
  readonly t?: string
  /** `traceparent` of the producer's span. */
  readonly tp?: string
  /** When the work must be done, wall milliseconds. */
  readonly dl?: number
  /** 1: `p` is ciphertext. */
  readonly e?: 1
  /** Baggage of the producer, as far as the queue lets it travel. */
  readonly b?: Readonly<Record<string, string>>
  /** Fences this job was given before it was redriven. */
  readonly f?: number
  /** Ids this job had before it was redriven. */
  readonly from?: readonly string[]
}

/** Longest payload in bytes of JSON: what is larger belongs into a store, with its address in the payload. */
const MAX_PAYLOAD_BYTES = 65_536

/** What a validated payload becomes. */
export interface Sealing {
  readonly span: Span
  readonly now: number
  readonly monotonic: number
  /** Whether the job ends when the producer's own time does. */
  readonly inheritDeadline: boolean
  readonly baggage: Readonly<Record<string, string>> | undefined
}

/** Puts a validated payload into an envelope with the running context. */
export function sealEnvelope(
  version: number,
  payload: unknown,
  { span, now, monotonic, inheritDeadline, baggage }: Sealing,
): Envelope {
  const context = currentContext()
  const spanContext = span.spanContext()
  const parent = isSpanContextValid(spanContext) ? spanContext : context
  return {
    p: payload,
    v: version,
    ...(context?.tenant === undefined ? {} : { t: context.tenant }),
    ...(parent === undefined
      ? {}
      : { tp: formatTraceparent({ traceId: parent.traceId, spanId: parent.spanId, traceFlags: 1 }) }),
    ...(context?.deadline === undefined || !inheritDeadline
      ? {}
      : { dl: Math.round(now + context.deadline - monotonic) }),
    ...(baggage === undefined ? {} : { b: baggage }),
  }
}

/** The producer's span. */
export function producerOf(envelope: Envelope): TraceParent | undefined {
  return tryParseTraceparent(envelope.tp)
}

/** Validates a payload on its way in. @throws InvalidPayloadError */
export function parsePayload<T>(job: JobDefinition<T>, payload: unknown): T {
  const parsed = job.schema.safeParse(payload)
  if (!parsed.success) throw new InvalidPayloadError(job.name, problemsOf(parsed.error.issues))
  return parsed.data
}

/** Paths and rules only: a payload's values are not for logs. */
function problemsOf(issues: readonly { readonly path: readonly PropertyKey[]; readonly code?: string }[]): string {
  const first = issues.slice(0, 3).map(({ path, code }) => `${path.join('.') || 'payload'} (${code ?? 'invalid'})`)
  return `${first.join(', ')} break its schema`
}

/** @throws InvalidPayloadError for a payload over {@link MAX_PAYLOAD_BYTES} or one that JSON cannot hold. */
export function assertStorable(job: string, payload: unknown): void {
  storableJson(job, { p: payload, v: 1 })
}

/** JSON of an envelope. @throws InvalidPayloadError for a payload over {@link MAX_PAYLOAD_BYTES} or one that JSON cannot hold. */
export function storableJson(job: string, envelope: Envelope): string {
  let json: string
  try {
    json = JSON.stringify(envelope)
  } catch {
    throw new InvalidPayloadError(job, 'it cannot be written as JSON')
  }
  if (!json.startsWith('{"p":')) throw new InvalidPayloadError(job, 'it cannot be written as JSON')
  // Only text near the limit needs the bytes of its payload counted.
  if (json.length * 3 > MAX_PAYLOAD_BYTES && Buffer.byteLength(JSON.stringify(envelope.p)) > MAX_PAYLOAD_BYTES) {
    throw new InvalidPayloadError(job, `it has over ${MAX_PAYLOAD_BYTES} bytes, expected at most as many`)
  }
  return json
}

/** The envelope with its payload as ciphertext. @throws what the cipher throws */
export async function encrypted(job: string, envelope: Envelope, secrecy: Secrecy): Promise<Envelope> {
  return { ...envelope, p: await secrecy.seal(envelope.p, { job, tenant: envelope.t }), e: 1 }
}

/** The envelope with its payload readable. @throws InvalidPayloadError, ThrottledError */
export async function decrypted(job: string, envelope: Envelope, secrecy: Secrecy): Promise<Envelope> {
  const { e, ...rest } = envelope
  const sealed = { value: envelope.p, encrypted: e === 1 }
  return { ...rest, p: await secrecy.open(sealed, { job, tenant: envelope.t }) }
}

/** Brings a stored payload to the present version and validates it. @throws InvalidPayloadError */
export function openPayload<T>(job: JobDefinition<T>, { v, p }: Pick<Envelope, 'v' | 'p'>): T {
  if (!Number.isInteger(v) || v < 1 || v > job.version) {
    throw new InvalidPayloadError(job.name, `its version is ${v}, expected 1 to ${job.version}`)
  }
  let payload = p
  for (let version = v; version < job.version; version++) {
    try {
      payload = job.upgrade[version]?.(payload as never)
    } catch (error) {
      throw new InvalidPayloadError(
        job.name,
        `upgrade[${version}] failed: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  return parsePayload(job, payload)
}
