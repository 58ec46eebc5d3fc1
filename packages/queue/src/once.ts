import type { RedisClient } from './connection.ts'

const REMEMBERED_MS = 7 * 86_400_000

/** One effect of one job. */
export interface Effect<T> {
  readonly key: string
  readonly name: string
  readonly effect: () => Promise<T> | T
}

/** Runs the effect unless its result is stored; stores it. */
export async function runOnce<T>(redis: RedisClient, { key, name, effect }: Effect<T>): Promise<T> {
  const stored = await redis.hget(key, name)
  if (stored !== null) return (JSON.parse(stored) as { value?: T }).value as T
  const value = await effect()
  await redis.multi().hset(key, name, JSON.stringify({ value })).pexpire(key, REMEMBERED_MS).exec()
  return value
}
