/** The sliding window in Redis: counts in slices under one key, admitted by one script on the server's clock. */
import { createHash } from 'node:crypto'

/** The part of an ioredis client (`Redis` or `Cluster`, 5 or 6) that a limiter uses. */
export interface RedisLike {
  evalsha(digest: string, keys: number, ...args: (string | number)[]): Promise<unknown>
  eval(source: string, keys: number, ...args: (string | number)[]): Promise<unknown>
}

/** What a window says about one request. */
export interface WindowAnswer {
  readonly allowed: boolean
  /** What is left after it. */
  readonly remaining: number
  /** Until a refused request would be admitted, in milliseconds; 0 when admitted. */
  readonly retryAfterMs: number
  /** Until all of the limit is free again, in milliseconds. */
  readonly resetMs: number
}

/** Slices of a window: what was admitted in one is free again when the whole slice is older than the window. */
export const SLICES = 30

/**
 * KEYS count; ARGV limit sliceMs slices cost. Counts of a slice that lies ahead (the clock was set back) move to the present one:
 * they are held for one more window, and never for as long as the clock was wrong.
 */
const ADMIT = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local limit, width, slices, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local current = math.floor(now / width)
local held, slice, used = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #held, 2 do
  local at, count = tonumber(held[i]), tonumber(held[i + 1])
  if at < current - slices then redis.call('HDEL', KEYS[1], held[i])
  else
    if at > current then
      redis.call('HDEL', KEYS[1], held[i])
      redis.call('HINCRBY', KEYS[1], current, count)
      at = current
    end
    slice[at] = (slice[at] or 0) + count
    used = used + count
  end
end
local function freeIn(at) return (at + slices + 1) * width - now end
if used + cost <= limit then
  redis.call('HINCRBY', KEYS[1], current, cost)
  redis.call('PEXPIRE', KEYS[1], width * (slices + 1))
  return {1, limit - used - cost, 0, freeIn(current)}
end
local wait, reset, left = 0, 0, used
for at = current - slices, current do
  if slice[at] then
    reset = freeIn(at)
    if left + cost > limit then wait = reset end
    left = left - slice[at]
  end
end
return {0, math.max(0, limit - used), wait, reset}`

const DIGEST = createHash('sha1').update(ADMIT).digest('hex')

/** What is asked of a window. */
export interface WindowQuestion {
  readonly key: string
  readonly limit: number
  readonly perMs: number
  readonly cost: number
}

/** Asks Redis. @throws what the client throws. */
export async function askRedis(redis: RedisLike, { key, limit, perMs, cost }: WindowQuestion): Promise<WindowAnswer> {
  const args = [key, limit, sliceMs(perMs), SLICES, cost]
  const [allowed, remaining, retryAfterMs, resetMs] = (await redis
    .evalsha(DIGEST, 1, ...args)
    .catch((error: unknown) => {
      // A server that was restarted, or another node, does not know the script yet.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(ADMIT, 1, ...args)
    })) as [number, number, number, number]
  return { allowed: Number(allowed) === 1, remaining, retryAfterMs, resetMs }
}

/** Length of a slice in whole milliseconds: never shorter than its share, so that no window holds more than the limit. */
export function sliceMs(perMs: number): number {
  return Math.ceil(perMs / SLICES)
}
