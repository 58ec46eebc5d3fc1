/** From a loaded value to an entry: encoding, limits, tags and the time it stays fresh. */
import { compress, decodeValue, type Encoded, encodeValue } from './codec.ts'
import type { EntryTail } from './entry.ts'
import { deepFreeze } from './freeze.ts'
import type { Loaded } from './loader.ts'
import type { DefinitionSettings } from './options.ts'
import type { CacheParts } from './parts.ts'
import type { FillRejection } from './telemetry.ts'

/** A value ready to be written, or why it is returned as it is. */
export type Prepared<V> =
  | { readonly value: V; readonly tail: EntryTail; readonly keepMs: number; readonly bytes: number }
  | { readonly value: V; readonly rejected: FillRejection | 'not_wanted'; readonly cause?: unknown }

const MAX_TAGS = 255
const MAX_TAG_LENGTH = 1024

/** Encodes `loaded`; its value comes back as every later reader will see it. */
export async function prepareValue<V>(
  parts: CacheParts,
  settings: DefinitionSettings<V>,
  { id, key }: { readonly id: string; readonly key: string },
  { value, loadMs }: Loaded<V>,
): Promise<Prepared<V>> {
  const isAbsent = value === undefined || value === null
  const ttlMs = isAbsent ? settings.negativeMs : settings.ttlMs
  if (ttlMs === 0) return { value, rejected: 'not_wanted' }
  let encoded: Encoded
  let copy: V
  try {
    encoded = encodeValue(value)
    if (encoded.payload.length > parts.maxValueBytes) return { value, rejected: 'too_large' }
    copy = decodeValue(encoded) as V
  } catch (cause) {
    return { value, rejected: 'unencodable', cause }
  }
  let tags: readonly string[]
  try {
    tags = isAbsent ? [] : checkedTags(settings.tags?.(value, id) ?? [])
  } catch (cause) {
    return { value, rejected: 'bad_tags', cause }
  }
  const bytes = encoded.payload.length
  const freshMs = ttlMs * (1 - settings.jitterRatio * parts.random.next())
  const tail = { encoded: await compress(encoded, parts.compressAboveBytes), freshMs, loadMs, key, tags }
  const shared = parts.freezeValues ? deepFreeze(copy) : copy
  return { value: shared, tail, bytes, keepMs: freshMs + (isAbsent ? 0 : settings.staleMs) }
}

function checkedTags(given: readonly string[]): readonly string[] {
  const tags = [...new Set(given)]
  const valid = tags.every((tag) => typeof tag === 'string' && tag !== '' && tag.length <= MAX_TAG_LENGTH)
  if (!valid || tags.length > MAX_TAGS) {
    throw new TypeError(`Cannot tag a value: expected at most ${MAX_TAGS} texts of 1 to ${MAX_TAG_LENGTH} characters`)
  }
  return tags
}
