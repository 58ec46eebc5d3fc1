/** What a handler gets besides its payload. */
export interface JobRun {
  readonly id: string
  readonly name: string
  readonly tenant: string | undefined
  /** When a scheduled run was due, wall milliseconds; undefined for other jobs. */
  readonly dueAt: number | undefined
  /** Charged failures before this attempt, plus 1. */
  readonly attempt: number
  /** Rises with every start of this job, redrives included: a store that refuses a lower fence is safe from attempts that come late. */
  readonly fence: number
  /** Aborted with a JobAbortError when the time is up, the worker shuts down or the lock is lost. Handlers should pass it on. */
  readonly signal: AbortSignal
  /**
   * Runs `effect` unless an earlier attempt of this job did, and answers what it answered, for 7 days, redrives included.
   * Not for two attempts at once: the effect's own idempotency or {@link JobRun.fence} is for that.
   */
  once<T>(name: string, effect: () => Promise<T> | T): Promise<T>
}

/** Does one job. What it returns must be storable as JSON of 64 KB at most; what it throws decides by the outcome table. */
export type Handler<T = never> = (payload: T, job: JobRun) => unknown

/** Handlers by job name. */
export type Handlers = Readonly<Record<string, Handler>>
