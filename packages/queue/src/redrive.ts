/** Dead letters on their way back: checked, at a rate, a few first; each keeps its lineage. */
import { type Clock, sleep } from '@ops/core'
import type { Secrecy } from './cipher.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterStore } from './dead-letters.ts'
import { assertStorable, type Envelope, openPayload } from './envelope.ts'
import type { Intake } from './intake.ts'
import type { JobDefinition } from './job-definition.ts'
import type { DeadLetterFilter } from './letter-filter.ts'
import type { Store } from './store.ts'

/** How dead letters come back. */
export interface RedriveOptions {
  /** True: tells what would happen, and changes nothing. @defaultValue false */
  readonly dryRun?: boolean
  /** Jobs a second, 0.1 to 10,000. @defaultValue 50 */
  readonly ratePerSecond?: number
  /** So many first, 0 to 1,000; the rest only when all of them complete. @defaultValue 0 */
  readonly canary?: number
  /** How long the canary may take, in milliseconds. @defaultValue 60_000 */
  readonly canaryMs?: number
  /** Most letters, from 1. @defaultValue all that match */
  readonly limit?: number
  /** Makes a payload of the present version out of the letter's; the result is validated. @defaultValue the payload as it is */
  readonly edit?: (payload: unknown, letter: DeadLetter) => unknown
  /** True: letters of jobs that this queue was not given come back as they are; the worker validates them. @defaultValue false */
  readonly unchecked?: boolean
  /** Called after each letter. */
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void
  /** Ends it early; what came back stays back. @defaultValue none */
  readonly signal?: AbortSignal
}

/** What a redrive did, or would do. */
export interface RedriveReport {
  readonly matched: number
  /** New ids by old id. */
  readonly redriven: Readonly<Record<string, string>>
  /** Letters whose payload is not valid; they stay dead. */
  readonly refused: readonly { readonly id: string; readonly problem: string }[]
  /** What became of the canary; `failed` means that the rest stayed dead. */
  readonly canary: 'none' | 'passed' | 'failed'
}

/** Where letters are kept. */
export type LetterBox = Pick<DeadLetterStore, 'list' | 'groups' | 'show' | 'count' | 'discard' | 'remove'>

/** Where letters go. */
export interface RedriveTarget {
  /** Adds a job unless its id is there. */
  add(id: string, name: string, data: Envelope): Promise<unknown>
  /** `'completed'` and `'failed'` are the ends. */
  stateOf(id: string): Promise<string>
}

/** Back into the queue in Redis, where they take a turn as new jobs do. */
export function redriveTarget(store: Store, intake: Intake): RedriveTarget {
  return {
    add: (id, name, data) => {
      const timestamp = store.clock.now()
      const stored = { id, name, tenant: data.t, data: JSON.stringify(data), timestamp, delayMs: 0, once: undefined }
      return intake.put([stored])
    },
    stateOf: (id) => store.use((bull) => bull.getJobState(id)),
  }
}

/** What a redrive works with. */
export interface RedrivePorts {
  readonly dead: LetterBox
  readonly target: RedriveTarget
  readonly secrecy: Secrecy
  readonly jobs: ReadonlyMap<string, JobDefinition>
  readonly clock: Clock
}

interface Ready {
  readonly letter: DeadLetter
  readonly version: number
  readonly payload: unknown
  readonly encrypted: boolean
}

const POLL_MS = 100

/** Brings dead letters back. @throws RangeError for options outside their range */
export async function redrive(
  ports: RedrivePorts,
  filter: DeadLetterFilter,
  options: RedriveOptions,
): Promise<RedriveReport> {
  const { dryRun = false, ratePerSecond = 50, canary = 0, limit = Number.POSITIVE_INFINITY } = options
  assertRange('ratePerSecond', ratePerSecond, [0.1, 10_000])
  assertRange('canary', canary, [0, 1_000])
  const letters = await ports.dead.list({ ...filter, limit })
  const ready: Ready[] = []
  const refused: { id: string; problem: string }[] = []
  for (const letter of letters) {
    try {
      ready.push(await prepare(letter, ports, options))
    } catch (error) {
      refused.push({ id: letter.id, problem: error instanceof Error ? error.message : String(error) })
    }
  }
  const report = { matched: letters.length, refused, canary: 'none' as RedriveReport['canary'] }
  if (dryRun) return { ...report, redriven: Object.fromEntries(ready.map(({ letter }) => [letter.id, nextId(letter)])) }
  const redriven: Record<string, string> = {}
  for (const [i, one] of ready.entries()) {
    if (i === canary && canary > 0) {
      report.canary = (await canaryLives(ports, Object.values(redriven), options)) ? 'passed' : 'failed'
      if (report.canary === 'failed') break
    }
    redriven[one.letter.id] = await bringBack(ports, one)
    options.onProgress?.({ done: i + 1, of: ready.length })
    if (i + 1 < ready.length)
      await sleep(1000 / ratePerSecond, { clock: ports.clock, ...(options.signal && { signal: options.signal }) })
  }
  return { ...report, redriven }
}

async function prepare(
  letter: DeadLetter,
  { jobs, secrecy }: RedrivePorts,
  { edit, unchecked = false }: RedriveOptions,
): Promise<Ready> {
  const encrypted = letter.encrypted === true
  const job = jobs.get(letter.job)
  if (job === undefined && unchecked && edit === undefined)
    return { letter, version: letter.version, payload: letter.payload, encrypted }
  if (job === undefined)
    throw new TypeError(
      `Cannot check the payload of job ${letter.job}: the job is not known here, expected its definition`,
    )
  const before = await secrecy.open({ value: letter.payload, encrypted }, letterBinding(letter))
  const checked = openPayload(
    job,
    edit === undefined ? { v: letter.version, p: before } : { v: job.version, p: edit(before, letter) },
  )
  const [version, plain] = edit === undefined ? [letter.version, before] : [job.version, checked]
  // Anew, so that it is under the present key.
  const payload = secrecy.on ? await secrecy.seal(plain, letterBinding(letter)) : plain
  assertStorable(job.name, payload)
  return { letter, version, payload, encrypted: secrecy.on }
}

function letterBinding({ job, tenant }: DeadLetter): { readonly job: string; readonly tenant: string | undefined } {
  return { job, tenant }
}

/** The same letter always gets the same next id, so that a redrive which was cut off can be repeated. */
function nextId({ id, lineage }: DeadLetter): string {
  return `${lineage[0] ?? id}.r${lineage.length + 1}`
}

async function bringBack(
  { target, dead }: RedrivePorts,
  { letter, version, payload, encrypted }: Ready,
): Promise<string> {
  const id = nextId(letter)
  const data: Envelope = {
    p: payload,
    v: version,
    ...(encrypted ? { e: 1 } : {}),
    from: [...letter.lineage, letter.id],
    f: letter.fence,
    ...(letter.tenant === undefined ? {} : { t: letter.tenant }),
    ...(letter.traceparent === undefined ? {} : { tp: letter.traceparent }),
  }
  await target.add(id, letter.job, data)
  await dead.remove(letter.id)
  return id
}

async function canaryLives(
  { target, clock, dead }: RedrivePorts,
  ids: readonly string[],
  options: RedriveOptions,
): Promise<boolean> {
  const until = clock.monotonic() + (options.canaryMs ?? 60_000)
  for (;;) {
    const states = await Promise.all(ids.map((id) => target.stateOf(id)))
    if (states.every((state) => state === 'completed')) return true
    const letters = await Promise.all(ids.map((id) => dead.show(id)))
    if (states.includes('failed') || letters.some((letter) => letter !== undefined) || clock.monotonic() >= until)
      return false
    await sleep(POLL_MS, { clock, ...(options.signal && { signal: options.signal }) })
  }
}

function assertRange(what: string, value: number, [min, max]: readonly [number, number]): void {
  if (!(value >= min && value <= max)) {
    throw new RangeError(`Cannot redrive: ${what} is ${value}, expected ${min} to ${max}`)
  }
}
