import type { Secrecy } from './cipher.ts'
import type { RedisClient } from './connection.ts'

const REMEMBERED_MS = 7 * 86_400_000

/** One effect of one job. */
export interface Effect<T> {
  readonly key: string
  readonly name: string
  readonly effect: () => Promise<T> | T
  readonly secrecy: Secrecy
  readonly of: { readonly job: string; readonly tenant: string | undefined }
}

/** Runs the effect unless its result is stored; stores it. */
export async function runOnce<T>(redis: RedisClient, { key, name, effect, secrecy, of }: Effect<T>): Promise<T> {
  const stored = await redis.hget(key, name)
  if (stored !== null && secrecy.on) return (await secrecy.open({ value: stored, encrypted: true }, of)) as T
  if (stored !== null) return (JSON.parse(stored) as { value?: T }).value as T
  const value = await effect()
  const text = secrecy.on ? await secrecy.seal(value, of) : JSON.stringify({ value })
  await redis.multi().hset(key, name, text).pexpire(key, REMEMBERED_MS).exec()
  return value
}
