import type { RedisClient } from './connection.ts'

/** Runs a Lua script by its hash on a connection of this package's own. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>

/** Makes `lua` a command of `redis`; `name` is its own there. */
export function defineScript(redis: RedisClient, name: string, lua: string): Script {
  redis.defineCommand(name, { lua })
  const commands = redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>
  return async (keys, args) => commands[name]?.(keys.length, ...keys, ...args)
}
