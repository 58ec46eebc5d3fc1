/** The state in memory that two threads share: a heartbeat counter and the last snapshot as JSON. */
import type { Snapshot } from './availability.ts'

/** Room for the snapshot; beyond it messages are left out. */
const TEXT_BYTES = 64 * 1024
const HEADER_WORDS = 4
const BEAT = 0
/** Odd while the writer is at work. */
const VERSION = 1
const LENGTH = 2

/** Writes from the main thread. */
export interface SharedStateWriter {
  readonly buffer: SharedArrayBuffer
  beat(): void
  write(snapshot: Snapshot): void
}

/** Reads from the worker. */
export interface SharedStateReader {
  /** Grows while the main thread runs. */
  beats(): number
  /** The last snapshot; the same object until there is a new one. */
  snapshot(): Snapshot
}

/** Creates the memory, holding `first`. */
export function createSharedState(first: Snapshot): SharedStateWriter {
  const buffer = new SharedArrayBuffer(HEADER_WORDS * 4 + TEXT_BYTES)
  const words = new Int32Array(buffer, 0, HEADER_WORDS)
  const text = new Uint8Array(buffer, HEADER_WORDS * 4)
  const write = (snapshot: Snapshot) => {
    const bytes = encode(snapshot)
    Atomics.add(words, VERSION, 1)
    text.set(bytes)
    Atomics.store(words, LENGTH, bytes.length)
    Atomics.add(words, VERSION, 1)
  }
  write(first)
  return { buffer, beat: () => void Atomics.add(words, BEAT, 1), write }
}

function encode(snapshot: Snapshot): Buffer {
  const bytes = Buffer.from(JSON.stringify(snapshot))
  if (bytes.length <= TEXT_BYTES) return bytes
  const checks = snapshot.checks.map(({ name, scope, critical, gates, status }) => ({
    name,
    scope,
    critical,
    gates,
    status,
  }))
  return Buffer.from(JSON.stringify({ ...snapshot, checks })).subarray(0, TEXT_BYTES)
}

/** Reads the memory of {@link createSharedState}. */
export function readSharedState(buffer: SharedArrayBuffer): SharedStateReader {
  const words = new Int32Array(buffer, 0, HEADER_WORDS)
  const text = new Uint8Array(buffer, HEADER_WORDS * 4)
  let seen = -1
  let last: Snapshot = { started: false, draining: false, overloaded: false, checks: [] }
  return {
    beats: () => Atomics.load(words, BEAT),
    snapshot() {
      const version = Atomics.load(words, VERSION)
      if (version === seen || version % 2 !== 0) return last
      const copy = Buffer.from(text.slice(0, Atomics.load(words, LENGTH)))
      // Torn: the next reader finds it whole.
      if (Atomics.load(words, VERSION) !== version) return last
      seen = version
      last = JSON.parse(copy.toString('utf8')) as Snapshot
      return last
    },
  }
}
