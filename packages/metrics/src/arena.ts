/**
 * Shared memory of one thread's metrics: values in one buffer, the text that names them in another.
 * Both grow in place, so that whoever has the two buffers (the ops port's worker) sees everything ever added, without a message.
 */
const MAX_BYTES = 256 * 1024 * 1024
const START_BYTES = 64 * 1024
/** Freed slots rest this many frees before they are used again, so that a reader never shows one series' value as another's. */
const QUARANTINE = 1024

/** What crosses to another thread, once. */
export interface SharedMetrics {
  readonly values: SharedArrayBuffer
  readonly log: SharedArrayBuffer
}

/** Where a series keeps its numbers: `values[at]` and what follows. */
export interface Slot {
  readonly values: Float64Array
  readonly at: number
}

/** Creates a buffer that can grow in place to {@link MAX_BYTES}; only what is used is ever backed by memory. */
export function createGrowable(): SharedArrayBuffer {
  return new SharedArrayBuffer(START_BYTES, { maxByteLength: MAX_BYTES })
}

/** Doubles the buffer until it holds `bytes`. False when that is more than it may ever have. */
export function growTo(buffer: SharedArrayBuffer, bytes: number): boolean {
  if (bytes > buffer.maxByteLength) return false
  if (bytes > buffer.byteLength) {
    let size = buffer.byteLength
    while (size < bytes) size *= 2
    buffer.grow(Math.min(size, buffer.maxByteLength))
  }
  return true
}

/** Hands out slots of the values buffer. */
export class Arena {
  readonly buffer: SharedArrayBuffer = createGrowable()
  // A view of fixed length: as fast as one over ordinary memory, which a length-tracking view is not.
  #view: Float64Array = new Float64Array(this.buffer, 0, this.buffer.byteLength / 8)
  #next = 0
  readonly #freed: number[] = []

  /** `width` consecutive numbers, all 0; undefined when the memory is used up. */
  allocate(width: number): Slot | undefined {
    if (width === 1 && this.#freed.length > QUARANTINE) {
      const at = this.#freed.shift() as number
      this.#view[at] = 0
      return { values: this.#view, at }
    }
    const end = this.#next + width
    if (!growTo(this.buffer, end * 8)) return undefined
    if (end > this.#view.length) this.#view = new Float64Array(this.buffer, 0, this.buffer.byteLength / 8)
    const at = this.#next
    this.#next = end
    return { values: this.#view, at }
  }

  /** Takes back a slot of width 1. */
  free(at: number): void {
    this.#freed.push(at)
  }
}
