import type { BoundCounter } from '@ops/core'
import type { RecordErrorReason } from './metrics.ts'

/** Counts refused recordings. The counters come after it, as they are metrics themselves. */
export class RecordErrors {
  #counters: Readonly<Record<RecordErrorReason, BoundCounter>> | undefined

  attach(counters: Readonly<Record<RecordErrorReason, BoundCounter>>): void {
    this.#counters = counters
  }
  count(reason: RecordErrorReason): void {
    this.#counters?.[reason].inc()
  }
}
