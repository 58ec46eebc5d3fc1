/** From (tenant, name, schema, id) to Redis keys, injectively, with everything of a tenant shard in one hash slot. */

const RESERVED = /[:{}%*?[\]\\#!\p{Cc}]/gu
/** Most parts need nothing done. */
const PLAIN = /^[\w.@-]*$/
/** Lone ones only: with the flag, a pair is one character. */
const SURROGATE = /\p{Surrogate}/gu

const hex = (code: number, width: number): string => code.toString(16).toUpperCase().padStart(width, '0')

/**
 * Percent-encodes what separates or globs in a key, and control characters; lone surrogates, which UTF-8 cannot carry,
 * become `%uXXXX`. Injective, because `%` itself is encoded.
 */
export function encodeKeyPart(part: string): string {
  if (PLAIN.test(part)) return part
  return part
    .replace(RESERVED, (char) => `%${hex(char.charCodeAt(0), 2)}`)
    .replace(SURROGATE, (char) => `%u${hex(char.charCodeAt(0), 4)}`)
}

/** FNV-1a over UTF-16 code units: spreads ids over shards and stripes. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The keys of one (tenant, shard); all of them share the hash tag `prefix`. */
export interface ShardKeys {
  /** `{app:tenant#shard}`. The tenant of global data is empty, which no real tenant is. */
  readonly prefix: string
  /** Holds the generation: deleted by a purge. */
  readonly generation: string
  /** Holds the mark of the last tag invalidation: deleted by each. */
  readonly tagMark: string
}

/** @param tenant undefined for global data. */
export function shardKeys(app: string, tenant: string | undefined, shard: number): ShardKeys {
  const prefix = `{${encodeKeyPart(app)}:${tenant === undefined ? '' : encodeKeyPart(tenant)}#${shard}}`
  return { prefix, generation: `${prefix}!g`, tagMark: `${prefix}!m` }
}

/** `{app:tenant#shard}:name:v<schema>:<id>`. */
export function valueKey(shard: ShardKeys, name: string, schemaVersion: number, id: string): string {
  return `${shard.prefix}:${encodeKeyPart(name)}:v${schemaVersion}:${encodeKeyPart(id)}`
}

/** Where the lease for loading the value of `key` lies. */
export function leaseKey(shard: ShardKeys, key: string): string {
  return `${shard.prefix}!l${key.slice(shard.prefix.length)}`
}

/** Where the present token of a tag lies. */
export function tagKey(shard: ShardKeys, tag: string): string {
  return `${shard.prefix}!t:${encodeKeyPart(tag)}`
}

/** A session and the fence that outlives it. */
export function sessionKeys(shard: ShardKeys, sid: string): [session: string, fence: string] {
  const id = encodeKeyPart(sid)
  return [`${shard.prefix}!s:${id}`, `${shard.prefix}!f:${id}`]
}
