/** What must happen at once to a session, as Lua. The fence keeps its birth, or 0 once it was destroyed, longer than it can live. */
import { defineScript, type Script } from './scripts.ts'

const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`
const LEFT = `local born = redis.call('GET', KEYS[2])
local left = tonumber(born or now) + tonumber(ARGV[2]) - now
if left <= 0 then redis.call('DEL', KEYS[1]) return {-2, now} end`

/**
 * KEYS session fence; ARGV idleMs absoluteMs… deadline payload. A write that comes after its deadline has been given up by its
 * caller and must not overwrite a newer one. `{1, now}` written, `{-1, now}` late, `{-2, now}` destroyed or too old.
 */
export const SESSION_WRITE: Script = defineScript(
  'session_write',
  `${NOW}
if now > tonumber(ARGV[3]) then return {-1, now} end
${LEFT}
if not born then redis.call('SET', KEYS[2], now, 'PX', ARGV[2] * 2) end
redis.call('SET', KEYS[1], ARGV[4], 'PX', math.min(tonumber(ARGV[1]), left))
return {1, now}`,
)

/** KEYS session fence; ARGV idleMs absoluteMs: lives on, but never anew. */
export const SESSION_TOUCH: Script = defineScript(
  'session_touch',
  `${NOW}
${LEFT}
return {redis.call('PEXPIRE', KEYS[1], math.min(tonumber(ARGV[1]), left)), now}`,
)

/** KEYS session fence; ARGV absoluteMs: gone, and no request still running can bring it back. */
export const SESSION_DESTROY: Script = defineScript(
  'session_destroy',
  `${NOW} redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[2], 0, 'PX', ARGV[1] * 2) return {1, now}`,
)
