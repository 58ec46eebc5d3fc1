/** defineJob: what a job is, as plain data that producers, workers and tools share. */
import { type Duration, parseDuration } from '@ops/core'
import type { ZodType } from 'zod'

/** How failures of a job are tried again: exponential with full jitter. */
export interface RetryOptions {
  /** Charged attempts at most, 1 to 100. @defaultValue 5 */
  readonly attempts?: number
  /** Base of the backoff, in milliseconds, from 1. @defaultValue 1_000 */
  readonly baseMs?: number
  /** Longest single wait, in milliseconds, at least `baseMs`. @defaultValue 600_000 */
  readonly capMs?: number
  /** Window from the first attempt in which attempts may begin. @defaultValue '24h' */
  readonly within?: Duration
}

/** Options of {@link defineJob}. */
export interface JobOptions<T> {
  /** Validates payloads when enqueued and before they are handled. */
  readonly schema: ZodType<T>
  /** Version of the payload's form, an integer from 1. @defaultValue 1 */
  readonly version?: number
  /** Turns a payload of an older version into the next one, by old version. @defaultValue none */
  readonly upgrade?: Readonly<Record<number, (payload: never) => unknown>>
  /** @defaultValue see {@link RetryOptions} */
  readonly retry?: RetryOptions
  /** Longest run of one attempt, in milliseconds, 1 to 86_400_000. @defaultValue 60_000 */
  readonly timeoutMs?: number
}

/** A declared job. */
export interface JobDefinition<T = unknown> {
  readonly name: string
  readonly schema: ZodType<T>
  readonly version: number
  readonly upgrade: Readonly<Record<number, (payload: never) => unknown>>
  readonly retry: {
    readonly attempts: number
    readonly baseMs: number
    readonly capMs: number
    readonly withinMs: number
  }
  readonly timeoutMs: number
}

const NAME = /^[a-z][a-z0-9._-]{0,63}$/

/**
 * Declares a job. Pure: nothing is connected.
 *
 * @throws TypeError for a name outside the grammar or a missing upgrade, RangeError for a number outside its range.
 * @example
 * export const sendInvoice = defineJob('invoice.send', { schema: z.object({ id: z.string() }) })
 */
export function defineJob<T>(name: string, options: JobOptions<T>): JobDefinition<T> {
  const { schema, version = 1, upgrade = {}, timeoutMs = 60_000, retry = {} } = options
  const { attempts = 5, baseMs = 1000, capMs = 600_000, within = '24h' } = retry
  if (!NAME.test(name)) throw new TypeError(`Cannot define job ${JSON.stringify(name)}: expected a name like ${NAME}`)
  assertInteger(name, 'version', version, [1, 1_000_000])
  assertInteger(name, 'retry.attempts', attempts, [1, 100])
  assertInteger(name, 'retry.baseMs', baseMs, [1, 86_400_000])
  assertInteger(name, 'retry.capMs', capMs, [baseMs, 86_400_000])
  assertInteger(name, 'timeoutMs', timeoutMs, [1, 86_400_000])
  for (let from = 1; from < version; from++) {
    if (typeof upgrade[from] !== 'function') {
      throw new TypeError(
        `Cannot define job ${name}: version is ${version} without upgrade[${from}], expected one for each older version`,
      )
    }
  }
  const withinMs = parseDuration(within, `retry.within of job ${name}`)
  return Object.freeze({
    name,
    schema,
    version,
    upgrade,
    timeoutMs,
    retry: Object.freeze({ attempts, baseMs, capMs, withinMs }),
  })
}

/** Jobs of a queue by name. @throws TypeError for a queue's name outside the grammar or two jobs of one name */
export function jobsOf(queue: string, jobs: readonly JobDefinition[]): ReadonlyMap<string, JobDefinition> {
  if (!NAME.test(queue))
    throw new TypeError(`Cannot create queue ${JSON.stringify(queue)}: expected a name like ${NAME}`)
  const found = new Map(jobs.map((job) => [job.name, job]))
  if (found.size < jobs.length)
    throw new TypeError(`Cannot create queue ${queue}: two jobs have one name, expected one each`)
  return found
}

function assertInteger(job: string, what: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`Cannot define job ${job}: ${what} is ${value}, expected an integer from ${min} to ${max}`)
  }
}
