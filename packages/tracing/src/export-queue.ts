/** Kept spans on their way out: bounded, and what matters most leaves first and is dropped last. */
import type { Parcel } from './exit.ts'
import type { Priority } from './segment-buffer.ts'

/** A span that waits, in the form it will leave in. */
export interface QueuedSpan {
  readonly parcel: Parcel
  readonly priority: Priority
}

/** First in, first out, without moving what stays. */
class Fifo {
  #items: QueuedSpan[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }
  push(item: QueuedSpan): void {
    this.#items.push(item)
  }
  /** Only called while there is one. */
  shift(): QueuedSpan {
    const item = this.#items[this.#head] as QueuedSpan
    this.#items[this.#head++] = undefined as never
    if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
  putBack(items: readonly QueuedSpan[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)]
    this.#head = 0
  }
}

/** See the top of the file. */
export class ExportQueue {
  readonly #levels: readonly [Fifo, Fifo, Fifo] = [new Fifo(), new Fifo(), new Fifo()]
  readonly #maxSpans: number

  constructor(maxSpans: number) {
    this.#maxSpans = maxSpans
  }

  get size(): number {
    const [healthy, failing, essential] = this.#levels
    return healthy.size + failing.size + essential.size
  }

  /** Adds a span; when full, the oldest of the least important goes, or this one if all others matter more. Returns how many were lost. */
  push(item: QueuedSpan): number {
    this.#levels[item.priority].push(item)
    return this.#trim()
  }

  /** Takes up to `count` spans. */
  take(count: number): QueuedSpan[] {
    const taken: QueuedSpan[] = []
    for (const level of this.#levels.toReversed()) {
      while (taken.length < count && level.size > 0) taken.push(level.shift())
    }
    return taken
  }

  /** Puts taken spans back where they were. Returns how many no longer found room. */
  putBack(items: readonly QueuedSpan[]): number {
    for (const [priority, level] of this.#levels.entries()) {
      const own = items.filter((item) => item.priority === priority)
      if (own.length > 0) level.putBack(own)
    }
    return this.#trim()
  }

  #trim(): number {
    let lost = 0
    for (; this.size > this.#maxSpans; lost++) this.#levels.find((level) => level.size > 0)?.shift()
    return lost
  }
}
