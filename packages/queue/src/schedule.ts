/** schedule: what is to run when, as plain data that every replica of a worker declares alike. */
import { getNextMillis } from 'bullmq'
import { parsePayload } from './envelope.ts'
import type { JobDefinition } from './job-definition.ts'

/** Options of {@link schedule}. */
export interface ScheduleOptions<T> {
  /** Time zone of the pattern, an IANA name such as `'Europe/Berlin'`. @defaultValue 'UTC' */
  readonly tz?: string
  /** Payload of every run; validated at once. @defaultValue {} */
  readonly payload?: T
  /** Tells schedules of one job apart; in the grammar of job names. @defaultValue the job's name */
  readonly name?: string
  /** Tenant whose context the runs have. @defaultValue none */
  readonly tenant?: string
}

/** A declared schedule. */
export interface Schedule {
  readonly name: string
  readonly job: JobDefinition
  readonly pattern: string
  readonly tz: string
  readonly payload: unknown
  readonly tenant: string | undefined
}

const NAME = /^[a-z][a-z0-9._-]{0,63}$/
const NICKNAME = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/
/** Any moment: whether a pattern is valid does not depend on it. */
const SOME_DAY = Date.UTC(2026, 0, 1)

/**
 * Declares that a job runs by a cron pattern of five fields, or six with seconds first. Pure: hand it to `createWorker`.
 * A local time that a change of the clocks skips runs after it; one that it repeats runs once.
 *
 * @throws RangeError for a pattern or a time zone that is none, TypeError for a name outside the grammar, InvalidPayloadError
 * @example
 * const nightly = schedule(report, '30 2 * * *', { tz: 'Europe/Berlin', payload: { kind: 'daily' } })
 */
export function schedule<T>(
  job: JobDefinition<T>,
  pattern: string,
  options: ScheduleOptions<NoInfer<T>> = {},
): Schedule {
  const { tz = 'UTC', payload = {}, name = job.name, tenant } = options
  if (!NAME.test(name)) throw new TypeError(`Cannot schedule ${JSON.stringify(name)}: expected a name like ${NAME}`)
  assertTimeZone(name, tz)
  assertPattern(name, pattern, tz)
  const parsed = parsePayload(job, payload)
  return Object.freeze({ name, job: job as JobDefinition, pattern: pattern.trim(), tz, payload: parsed, tenant })
}

function assertTimeZone(name: string, tz: string): void {
  try {
    // Offsets are taken by Intl, too, but mean another thing to the parser of patterns.
    if (/^[A-Za-z]/.test(tz) && new Intl.DateTimeFormat('en', { timeZone: tz }) !== undefined) return
  } catch {}
  throw new RangeError(
    `Cannot schedule ${name}: time zone ${JSON.stringify(tz)} is not known, expected an IANA name such as 'Europe/Berlin'`,
  )
}

function assertPattern(name: string, pattern: string, tz: string): void {
  const text = pattern.trim()
  const fields = text.split(/\s+/).length
  const expected = "expected five fields such as '30 2 * * *', or six with seconds first"
  const refuse = (problem: string): never => {
    throw new RangeError(`Cannot schedule ${name}: pattern ${JSON.stringify(pattern)} ${problem}, ${expected}`)
  }
  if (!NICKNAME.test(text) && (fields < 5 || fields > 6)) refuse(`has ${text === '' ? 0 : fields} fields`)
  // Chosen by chance, and so by every replica another way.
  if (/(?:^|[\s,])H/.test(text)) refuse('has an H')
  let next: number | undefined
  try {
    next = getNextMillis(SOME_DAY, { pattern: text, tz })
  } catch (error) {
    refuse(`cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
  if (next === undefined) refuse('never comes')
}
