/** What must happen at once in Redis, as Lua. Every script returns the server's time second, in milliseconds. */
import { createHash } from 'node:crypto'
import type { RedisArgument, RedisLike } from './redis-client.ts'

/** A Lua script and the digest under which a server that knows it runs it. */
export interface Script {
  readonly name: string
  readonly source: string
  readonly digest: string
}

/** Names a script. */
export function defineScript(name: string, source: string): Script {
  return { name, source, digest: createHash('sha1').update(source).digest('hex') }
}

const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`

/** The token at `key`; made of `candidate` where there is none (never set, evicted, or deleted to invalidate). */
const TOKEN = `local function token(key, candidate, ms)
  local value = redis.call('GET', key)
  if not value then value = candidate redis.call('SET', key, value, 'PX', ms)
  elseif redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
  return value
end`

/**
 * KEYS value lease generation [tagMark]; ARGV seen lease leaseMs candidate tokenMs.
 * `{1, now, generation, mark}` granted, `{0, now, holder}` held by another, `{2, now, generation, mark, value}` when there is a
 * value that the caller has not seen.
 */
export const ACQUIRE: Script = defineScript(
  'acquire',
  `${NOW} ${TOKEN}
local head = redis.call('GETRANGE', KEYS[1], 2, 17)
if head ~= '' and head ~= ARGV[1] then
  return {2, now, redis.call('GET', KEYS[3]), KEYS[4] and redis.call('GET', KEYS[4]) or false, redis.call('GET', KEYS[1])}
end
local held = redis.call('GET', KEYS[2])
if held then return {0, now, held} end
local generation = token(KEYS[3], ARGV[4], ARGV[5])
local mark = KEYS[4] and token(KEYS[4], ARGV[4], ARGV[5]) or false
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return {1, now, generation, mark}`,
)

/**
 * KEYS value lease generation [tagMark tag…]; ARGV lease generation mark tail keepMs candidate tokenMs.
 * `{1, now}` written; `{-1, now}` the lease has gone, `{-2, now}` purged meanwhile, `{-3, now}` a tag was invalidated meanwhile.
 */
export const FILL: Script = defineScript(
  'fill',
  `${NOW} ${TOKEN}
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {-1, now} end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[3]) ~= ARGV[2] then return {-2, now} end
local marks = ''
if KEYS[4] then
  if redis.call('GET', KEYS[4]) ~= ARGV[3] then return {-3, now} end
  token(KEYS[4], ARGV[3], ARGV[7])
  for i = 5, #KEYS do marks = marks .. token(KEYS[i], ARGV[6], ARGV[7]) end
  marks = ARGV[3] .. marks
end
token(KEYS[3], ARGV[2], ARGV[7])
local head = string.char(1, math.max(#KEYS - 4, 0)) .. ARGV[1] .. struct.pack('>d', now) .. ARGV[2] .. marks
redis.call('SET', KEYS[1], head .. ARGV[4], 'PX', ARGV[5])
return {1, now}`,
)

/** KEYS lease; ARGV lease: gives the lease back after a load that failed. */
export const RELEASE: Script = defineScript(
  'release',
  `${NOW} if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return {1, now}`,
)

/** KEYS whatever holds the old truth; ARGV channel message: deletes and tells everybody, at once. */
export const INVALIDATE: Script = defineScript(
  'invalidate',
  `${NOW} redis.call('DEL', unpack(KEYS)) redis.call('PUBLISH', ARGV[1], ARGV[2]) return {1, now}`,
)

/** Runs a script by digest, and by source where the server does not know it yet. */
export async function runScript(
  redis: RedisLike,
  { digest, source }: Script,
  keys: readonly string[],
  args: readonly RedisArgument[],
): Promise<unknown[]> {
  try {
    return (await redis.callBuffer('EVALSHA', digest, keys.length, ...keys, ...args)) as unknown[]
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return (await redis.callBuffer('EVAL', source, keys.length, ...keys, ...args)) as unknown[]
  }
}
