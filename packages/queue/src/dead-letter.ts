import type { ErrorRecord } from './error-record.ts'

/** Why a job is dead: what an operator decides by. */
export const VERDICTS = ['poison', 'exhausted', 'permanent', 'invalid', 'unknown'] as const
/** One of {@link VERDICTS}. `poison` died alone twice; `unknown` failed outside this package and was found by the reconciler. */
export type Verdict = (typeof VERDICTS)[number]

/** What happened to a job, never mixed. */
export interface JobCounters {
  /** Times a worker started it. */
  readonly deliveries: number
  /** Charged failures. */
  readonly attempts: number
  /** Times it was handed back uncharged. */
  readonly releases: number
  /** Deaths of the process while it ran alone. */
  readonly crashes: number
}

/** A job that will not be tried again by itself. */
export interface DeadLetter {
  readonly id: string
  readonly job: string
  readonly verdict: Verdict
  readonly tenant?: string
  /** One sentence, at most 1,024 characters. */
  readonly reason: string
  /** Equal for what failed alike. */
  readonly fingerprint: string
  readonly payload: unknown
  /** True: `payload` is ciphertext; `reveal` shows what it holds. */
  readonly encrypted?: true
  /** Ciphertext of `reason` and `errors`, which then name types and codes only. */
  readonly sealedErrors?: string
  readonly version: number
  /** `traceparent` of the producer. */
  readonly traceparent?: string
  readonly counters: JobCounters
  /** Last fence its attempts were given. */
  readonly fence: number
  readonly errors: readonly ErrorRecord[]
  /** The worker that buried it: host, pid and memory. */
  readonly worker: string
  /** Ids of the jobs that ran in the same process when it died first. */
  readonly coResidents: readonly string[]
  /** ISO-8601. */
  readonly enqueuedAt: string
  /** ISO-8601. */
  readonly diedAt: string
  /** Ids this job had before it was redriven, oldest first. */
  readonly lineage: readonly string[]
}
