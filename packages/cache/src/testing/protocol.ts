/** What the checker and its nodes say to each other over IPC. */

/** Tells a node what to run. */
export interface NodeOrders {
  readonly subject: string
  readonly redisUrl: string
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly keys: number
  readonly readers: number
  readonly writers: number
  readonly writePauseMs: number
  readonly loadDelayMs: number
  readonly maxReads: number
  /** Where it leaves its records. */
  readonly file: string
}

/** From the checker. */
export type ToNode =
  | { readonly type: 'orders'; readonly orders: NodeOrders }
  | { readonly type: 'answer'; readonly id: number; readonly version: number }
  | { readonly type: 'quiesce' }
  | { readonly type: 'read-all' }

/** From a node. */
export type FromNode =
  | { readonly type: 'running' }
  | { readonly type: 'load' | 'write'; readonly id: number; readonly key: number }
  | { readonly type: 'quiet'; readonly counts: NodeCounts }
  | { readonly type: 'all'; readonly versions: readonly number[] }
  | { readonly type: 'failed'; readonly message: string }

/** What a node did. */
export interface NodeCounts {
  readonly reads: number
  readonly failedReads: number
  readonly writes: number
  readonly failedInvalidations: number
}

/** Microseconds by the machine's monotonic clock, which all its processes share. */
export function sharedMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
