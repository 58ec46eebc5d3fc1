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
 * For each item KEYS value lease generation tagMark; ARGV candidate deadline, then for each item seen lease leaseMs tokenMs isTagged.
 * Replies for each item: `{1, generation, mark}` granted, `{0, holder}` held by another, `{2, generation, mark, value}` when
 * there is a value that the caller has not seen, `{-1}` when the caller has given up already (no lease without a holder) or
 * something else lies there.
 */
export const ACQUIRE: Script = defineScript(
  'acquire',
  `${NOW} ${TOKEN}
local function acquire(k, a)
  if now > tonumber(ARGV[2]) then return {-1} end
  local tagged = ARGV[a + 5] == '1'
  local head = redis.pcall('GETRANGE', KEYS[k + 1], 2, 17)
  if type(head) == 'table' then return {-1} end
  if head ~= '' and head ~= ARGV[a + 1] then
    local mark = tagged and redis.call('GET', KEYS[k + 4]) or false
    return {2, redis.call('GET', KEYS[k + 3]), mark, redis.call('GET', KEYS[k + 1])}
  end
  local held = redis.call('GET', KEYS[k + 2])
  if held then return {0, held} end
  local generation = token(KEYS[k + 3], ARGV[1], ARGV[a + 4])
  local mark = tagged and token(KEYS[k + 4], ARGV[1], ARGV[a + 4]) or false
  redis.call('SET', KEYS[k + 2], ARGV[a + 2], 'PX', ARGV[a + 3])
  return {1, generation, mark}
end
local replies = {}
for i = 1, #KEYS / 4 do replies[i] = acquire((i - 1) * 4, 2 + (i - 1) * 5) end
return {replies, now}`,
)

/**
 * For each item KEYS value lease generation tagMark tag…; ARGV candidate, then for each item lease generation mark tail keepMs
 * tokenMs tagCount. Replies for each item: 1 written, -1 the lease has gone, -2 purged meanwhile, -3 a tag was invalidated meanwhile.
 */
export const FILL: Script = defineScript(
  'fill',
  `${NOW} ${TOKEN}
local function fill(k, a, tags)
  if redis.call('GET', KEYS[k + 2]) ~= ARGV[a + 1] then return -1 end
  redis.call('DEL', KEYS[k + 2])
  if redis.call('GET', KEYS[k + 3]) ~= ARGV[a + 2] then return -2 end
  local marks = ''
  if tags > 0 then
    if redis.call('GET', KEYS[k + 4]) ~= ARGV[a + 3] then return -3 end
    marks = token(KEYS[k + 4], ARGV[a + 3], ARGV[a + 6])
    for i = 1, tags do marks = marks .. token(KEYS[k + 4 + i], ARGV[1], ARGV[a + 6]) end
  end
  token(KEYS[k + 3], ARGV[a + 2], ARGV[a + 6])
  local head = string.char(1, tags) .. ARGV[a + 1] .. struct.pack('>d', now) .. ARGV[a + 2] .. marks
  redis.call('SET', KEYS[k + 1], head .. ARGV[a + 4], 'PX', ARGV[a + 5])
  return 1
end
local replies, k, a = {}, 0, 1
while k < #KEYS do
  local tags = tonumber(ARGV[a + 7])
  replies[#replies + 1] = fill(k, a, tags)
  k, a = k + 4 + tags, a + 7
end
return {replies, now}`,
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
