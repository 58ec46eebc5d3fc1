/** The envelope of a value in Redis: what the fill script writes in front, what the client adds, and how both are read back. */
import type { Encoded } from './codec.ts'

/** Length of every token: a lease's, a generation's, a tag's. */
const TOKEN_BYTES = 16
const VERSION = 1
const TOKEN_AT = 2
const WRITTEN_AT = TOKEN_AT + TOKEN_BYTES
const GENERATION_AT = WRITTEN_AT + 8
const MARK_AT = GENERATION_AT + TOKEN_BYTES

/** What the client writes; the script puts version, tags, token, time and generation in front. */
export interface EntryTail {
  readonly encoded: Encoded
  /** How long the value is fresh, in milliseconds since it was written. */
  readonly freshMs: number
  /** How long the loader took, in milliseconds. */
  readonly loadMs: number
  /** The key under which it is stored, checked on the way back. */
  readonly key: string
  readonly tags: readonly string[]
}

/** An entry as read back. */
export interface Entry {
  /** The lease under which it was written: its identity. */
  readonly token: string
  /** The server's time of writing, in milliseconds. */
  readonly writtenAt: number
  readonly generation: string
  readonly tagMark: string | undefined
  /** The tokens that its tags had, in the order of {@link Entry.tags}. */
  readonly tagTokens: readonly string[]
  readonly tags: readonly string[]
  readonly freshMs: number
  readonly loadMs: number
  readonly encoded: Encoded
}

/** Serialises the client's part. */
export function packTail(tail: EntryTail): Buffer {
  const key = Buffer.from(tail.key)
  const head = Buffer.allocUnsafe(13)
  head.writeUInt8(tail.encoded.format, 0)
  head.writeUInt32BE(Math.min(Math.round(tail.freshMs), 0xffff_ffff), 1)
  head.writeUInt32BE(Math.min(Math.round(tail.loadMs), 0xffff_ffff), 5)
  head.writeUInt32BE(key.length, 9)
  const tags = tail.tags.flatMap((tag) => {
    const text = Buffer.from(tag, 'utf16le')
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16BE(text.length, 0)
    return [length, text]
  })
  return Buffer.concat([head, key, ...tags, tail.encoded.payload])
}

/** The bytes at the place of the token, whatever they are: the acquire script compares the same ones. */
export function entryToken(bytes: Buffer): string {
  return bytes.toString('latin1', TOKEN_AT, WRITTEN_AT)
}

/** Reads an entry; undefined when it is of another version, cut off, or stored for another key. */
export function tryParseEntry(bytes: Buffer, key: string): Entry | undefined {
  if (bytes.length < MARK_AT || bytes[0] !== VERSION) return undefined
  const tagCount = bytes[1] as number
  const tailAt = tagCount === 0 ? MARK_AT : MARK_AT + (1 + tagCount) * TOKEN_BYTES
  const keyAt = tailAt + 13
  if (bytes.length < keyAt) return undefined
  const keyEnd = keyAt + bytes.readUInt32BE(tailAt + 9)
  if (keyEnd > bytes.length || bytes.toString('utf8', keyAt, keyEnd) !== key) return undefined
  const { tags, end } = readTags(bytes, keyEnd, tagCount)
  if (end > bytes.length) return undefined
  return {
    token: bytes.toString('latin1', TOKEN_AT, WRITTEN_AT),
    writtenAt: bytes.readDoubleBE(WRITTEN_AT),
    generation: bytes.toString('latin1', GENERATION_AT, MARK_AT),
    tagMark: tagCount === 0 ? undefined : bytes.toString('latin1', MARK_AT, MARK_AT + TOKEN_BYTES),
    tagTokens: Array.from({ length: tagCount }, (_, i) => {
      const at = MARK_AT + (1 + i) * TOKEN_BYTES
      return bytes.toString('latin1', at, at + TOKEN_BYTES)
    }),
    tags,
    freshMs: bytes.readUInt32BE(tailAt + 1),
    loadMs: bytes.readUInt32BE(tailAt + 5),
    encoded: { format: bytes[tailAt] as number, payload: bytes.subarray(end) },
  }
}

function readTags(bytes: Buffer, at: number, count: number): { tags: string[]; end: number } {
  const tags: string[] = []
  let end = at
  for (let i = 0; i < count; i++) {
    if (end + 2 > bytes.length) return { tags, end: Infinity }
    const length = bytes.readUInt16BE(end)
    tags.push(bytes.subarray(end + 2, end + 2 + length).toString('utf16le'))
    end += 2 + length
  }
  return { tags, end }
}
