/** A cache under check, in one process: what a subject module's `createSubject` gives. Values are versions. It ends with its process. */
export interface Subject {
  /** The version of `key`. */
  get(key: string): Promise<number>
  /** Resolves once later reads bring a version loaded later; rejects when it cannot promise that. */
  invalidate(key: string): Promise<void>
}

/** What a subject works with. */
export interface SubjectOptions {
  readonly redisUrl: string
  /** Unique to the run: the first part of every key. */
  readonly name: string
  /** Reads the source of truth; slow at random. */
  readonly load: (key: string) => Promise<number>
  /** As given to `checkStaleness`. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** The export `createSubject` of a subject module. */
export type CreateSubject = (options: SubjectOptions) => Promise<Subject>
