/** The one codec of both tiers: JSON where it is exact, MessagePack for common structured types, V8's own for the rest. */
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { Packr } from 'msgpackr'

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** How a payload is encoded; the number is in every entry, so it never changes its meaning. */
export const FORMAT = { json: 0, msgpack: 1, v8: 2, undefined: 3 } as const
const COMPRESSED = 4

/** An encoded value. */
export interface Encoded {
  /** A member of {@link FORMAT}, plus 4 when compressed. */
  readonly format: number
  readonly payload: Buffer
}

const packr = new Packr({ useRecords: true, moreTypes: true })
const EMPTY = Buffer.alloc(0)
/** With the flag, a pair is one character and does not match. */
const LONE_SURROGATE = /\p{Surrogate}/u
const MAX_DEPTH = 64
const INT64 = 2n ** 63n

/** The cheapest format that gives `value` back exactly: 0, 1 or 2 of {@link FORMAT}. */
function formatOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return FORMAT.json
    case 'boolean':
      return FORMAT.json
    case 'number':
      if (Object.is(value, -0)) return FORMAT.v8
      return Number.isFinite(value) ? FORMAT.json : FORMAT.msgpack
    case 'undefined':
      return FORMAT.msgpack
    case 'bigint':
      return value >= -INT64 && value < INT64 ? FORMAT.msgpack : FORMAT.v8
    case 'object':
      return value === null ? FORMAT.json : formatOfObject(value, depth)
    default:
      return FORMAT.v8
  }
}

function formatOfObject(value: object, depth: number): number {
  // A cycle ends here too; V8 keeps it.
  if (depth > MAX_DEPTH) return FORMAT.v8
  if (Array.isArray(value)) return formatOfArray(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? FORMAT.v8 : FORMAT.msgpack
  if (Buffer.isBuffer(value)) return FORMAT.msgpack
  const prototype = Object.getPrototypeOf(value)
  if (value instanceof Map && prototype === Map.prototype) {
    return Math.max(FORMAT.msgpack, formatOfAll([...value.keys(), ...value.values()], depth))
  }
  if (value instanceof Set && prototype === Set.prototype)
    return Math.max(FORMAT.msgpack, formatOfAll([...value], depth))
  if (prototype !== Object.prototype && prototype !== null) return FORMAT.v8
  return formatOfRecord(value as Record<string, unknown>, depth)
}

function formatOfArray(value: readonly unknown[], depth: number): number {
  let format: number = FORMAT.json
  for (let i = 0; i < value.length; i++) {
    if (!(i in value)) return FORMAT.v8
    format = Math.max(format, formatOf(value[i], depth + 1))
  }
  return format
}

function formatOfAll(values: readonly unknown[], depth: number): number {
  return values.reduce<number>((format, one) => Math.max(format, formatOf(one, depth + 1), mangled(one)), FORMAT.json)
}

function formatOfRecord(value: Record<string, unknown>, depth: number): number {
  let format: number = FORMAT.json
  for (const key of Object.keys(value)) {
    const own = value[key]
    if (key === 'toJSON' && typeof own === 'function') return FORMAT.v8
    format = Math.max(format, formatOf(own, depth + 1))
  }
  return format
}

/** MessagePack writes UTF-8: text with lone surrogates would come back changed. JSON and V8 keep it. */
function mangled(value: unknown): number {
  return typeof value === 'string' && LONE_SURROGATE.test(value) ? FORMAT.v8 : FORMAT.json
}

/** MessagePack's limits, looked for only where it would be used. */
function fitsMessagePack(value: unknown): boolean {
  if (typeof value === 'string') return !LONE_SURROGATE.test(value)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Date) return true
  if (Array.isArray(value)) return value.every(fitsMessagePack)
  if (value instanceof Map) return [...value.keys(), ...value.values()].every(fitsMessagePack)
  if (value instanceof Set) return [...value].every(fitsMessagePack)
  // msgpackr renames `__proto__` and calls whatever is named `toJSON`.
  return Object.entries(value).every(
    ([key, one]) => key !== '__proto__' && key !== 'toJSON' && !LONE_SURROGATE.test(key) && fitsMessagePack(one),
  )
}

/** @throws TypeError, RangeError or DataCloneError when `value` cannot be carried (functions, symbols, 2 GB of text). */
export function encodeValue(value: unknown): Encoded {
  if (value === undefined) return { format: FORMAT.undefined, payload: EMPTY }
  let format = formatOf(value, 0)
  if (format === FORMAT.msgpack && !fitsMessagePack(value)) format = FORMAT.v8
  if (format === FORMAT.json) return { format, payload: Buffer.from(JSON.stringify(value)) }
  // msgpackr reuses its buffer: what is kept must be a copy.
  if (format === FORMAT.msgpack) return { format, payload: Buffer.from(packr.pack(value)) }
  return { format: FORMAT.v8, payload: serialize(value) }
}

/** @throws whatever the decoder makes of a payload it did not write. */
export function decodeValue({ format, payload }: Encoded): unknown {
  if (format === FORMAT.json) return JSON.parse(payload.toString())
  if (format === FORMAT.msgpack) return packr.unpack(payload)
  if (format === FORMAT.v8) return deserialize(payload)
  if (format === FORMAT.undefined) return undefined
  throw new TypeError(`Cannot decode a cached value: format is ${format}, expected 0 to 3`)
}

/** True when {@link expand} has work to do. */
export function isCompressed(encoded: Encoded): boolean {
  return (encoded.format & COMPRESSED) !== 0
}

/** Deflates payloads above `thresholdBytes`, off the main thread; kept as they are when that gains nothing. */
export async function compress(encoded: Encoded, thresholdBytes: number): Promise<Encoded> {
  if (encoded.payload.length <= thresholdBytes) return encoded
  const payload = await deflate(encoded.payload, { level: 3 })
  return payload.length < encoded.payload.length ? { format: encoded.format | COMPRESSED, payload } : encoded
}

/** Undoes {@link compress}. @throws RangeError when it would become larger than `maxBytes`. */
export async function expand(encoded: Encoded, maxBytes: number): Promise<Encoded> {
  return {
    format: encoded.format & ~COMPRESSED,
    payload: await inflate(encoded.payload, { maxOutputLength: maxBytes }),
  }
}
