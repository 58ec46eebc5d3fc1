/** Exemplars: which trace stands behind a bucket. Candidates are rare, so that asking for the context costs nothing on average. */
import { type Clock, currentContext, type WorkContext } from '@ops/core'
import type { Slot } from './arena.ts'

/** Numbers an exemplar takes: sequence, time, value, trace id (2), span id. */
export const EXEMPLAR_WIDTH = 6
/** Ticks a bucket rests after it got an exemplar. */
const REST_TICKS = 10

/** A series that has exemplars. */
export interface Observed {
  readonly at: number
}

/** What a sampler needs of its family. */
export interface ExemplarStore {
  readonly clock: Clock
  readonly buckets: number
  /** Memory for the series' exemplars, announced to readers; undefined when there is none left. */
  allocate(series: Observed): Slot | undefined
}

/** Decides which observations of one histogram become exemplars, and writes them. */
export class ExemplarSampler {
  /** Bit n: the next observation in bucket n (modulo 32) is a candidate. Read by every observation. */
  armed = 0
  readonly #store: ExemplarStore
  readonly #rest: Uint8Array
  readonly #slots = new WeakMap<Observed, Slot>()

  constructor(store: ExemplarStore) {
    this.#store = store
    this.#rest = new Uint8Array(Math.min(store.buckets, 32))
  }

  /** Called once a second: makes every bucket that has rested take a candidate. */
  tick(): void {
    this.#rest.forEach((ticks, bucket) => {
      if (ticks > 0) this.#rest[bucket] = ticks - 1
      else this.armed |= 1 << bucket
    })
  }

  /** Takes the observation when it was made inside a recorded span, whose trace it asks to be kept: no exemplar leads nowhere. */
  take(series: Observed, bucket: number, value: number, unit: WorkContext | undefined = currentContext()): void {
    this.armed &= ~(1 << bucket)
    if (unit?.span?.isRecording() !== true) return
    const slot = this.#slots.get(series) ?? this.#store.allocate(series)
    if (slot === undefined) return
    this.#slots.set(series, slot)
    unit.keep('exemplar')
    this.#rest[bucket & 31] = REST_TICKS
    const at = slot.at + bucket * EXEMPLAR_WIDTH
    writeExemplar(slot.values, at, { timestampMs: this.#store.clock.now(), value, ...unit.span.spanContext() })
  }
}

/** An exemplar as read. */
export interface Exemplar {
  readonly timestampMs: number
  readonly value: number
  readonly traceId: string
  readonly spanId: string
}

/** Framed by an odd sequence number, so that a reader in another thread never sees one half written. */
function writeExemplar(values: Float64Array, at: number, exemplar: Exemplar): void {
  const sequence = new Int32Array(values.buffer, at * 8, 1)
  Atomics.add(sequence, 0, 1)
  values[at + 1] = exemplar.timestampMs
  values[at + 2] = exemplar.value
  const words = new Uint32Array(values.buffer, (at + 3) * 8, 6)
  const hex = exemplar.traceId + exemplar.spanId
  for (let i = 0; i < 6; i++) words[i] = Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16)
  Atomics.add(sequence, 0, 1)
}

/** The exemplar at `at`; undefined when there is none or it is being written right now. */
export function tryReadExemplar(values: Float64Array, at: number): Exemplar | undefined {
  const sequence = new Int32Array(values.buffer, at * 8, 1)
  const before = Atomics.load(sequence, 0)
  if (before === 0 || before % 2 !== 0) return undefined
  const timestampMs = values[at + 1] as number
  const value = values[at + 2] as number
  const words = new Uint32Array(values.buffer, (at + 3) * 8, 6)
  const hex = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('')
  if (Atomics.load(sequence, 0) !== before) return undefined
  return { timestampMs, value, traceId: hex.slice(0, 32), spanId: hex.slice(32) }
}
