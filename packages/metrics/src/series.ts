/** One series of each kind: the bound handles, whose every call costs a few nanoseconds and never throws. */
import type { BoundCounter, BoundGauge, BoundHistogram, WorkContext } from '@ops/core'
import type { Slot } from './arena.ts'
import type { ExemplarSampler } from './exemplars.ts'
import type { RecordErrors } from './record-errors.ts'

/** Where handles of a removed series write. */
const NOWHERE: Slot = { values: new Float64Array(1), at: 0 }

/** A counter's number. */
export class CounterSeries implements BoundCounter {
  readonly at: number
  readonly #values: Float64Array
  readonly #errors: RecordErrors

  constructor(slot: Slot, errors: RecordErrors) {
    this.#values = slot.values
    this.at = slot.at
    this.#errors = errors
  }

  inc(by = 1): void {
    if (Number.isFinite(by) && by >= 0) (this.#values[this.at] as number) += by
    else this.#errors.count('value')
  }
}

/** A gauge's number: NaN, and not exposed, until it is first set. */
export class GaugeSeries implements BoundGauge {
  at: number
  #values: Float64Array
  readonly #errors: RecordErrors

  constructor(slot: Slot, errors: RecordErrors) {
    this.#values = slot.values
    this.at = slot.at
    this.#errors = errors
    slot.values[slot.at] = Number.NaN
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.#values[this.at] = value
    else this.#errors.count('value')
  }
  inc(by = 1): void {
    const before = this.#values[this.at] as number
    this.set((Number.isNaN(before) ? 0 : before) + by)
  }
  /** Handles still held by callers write nowhere from now on. */
  detach(): void {
    this.#values = NOWHERE.values
    this.at = NOWHERE.at
  }
}

/** A histogram's numbers: one a bucket (not cumulative, `+Inf` last), then the sum. The count is that of the buckets. */
export class HistogramSeries implements BoundHistogram {
  readonly at: number
  readonly #values: Float64Array
  readonly #bounds: Float64Array
  readonly #sampler: ExemplarSampler
  readonly #errors: RecordErrors

  constructor(slot: Slot, bounds: Float64Array, sampler: ExemplarSampler, errors: RecordErrors) {
    this.#values = slot.values
    this.at = slot.at
    this.#bounds = bounds
    this.#sampler = sampler
    this.#errors = errors
  }

  observe(value: number, unit?: WorkContext): void {
    if (!Number.isFinite(value)) {
      this.#errors.count('value')
      return
    }
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    const values = this.#values
    ;(values[this.at + bucket] as number)++
    ;(values[this.at + bounds.length + 1] as number) += value
    if (((this.#sampler.armed >> bucket) & 1) !== 0) this.#sampler.take(this, bucket, value, unit)
  }
}
