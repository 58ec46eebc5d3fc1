/** Credentials that are read when a connection is made, so that a rotated password is picked up by the next one. */
import { readFileSync } from 'node:fs'
import type { RedisCredentials, RedisOptions } from './options.ts'

/** How to read the present credentials; undefined where the URL's, or none, are used. */
export function credentialsOf(options: RedisOptions): (() => RedisCredentials) | undefined {
  if (options.credentials !== undefined) return options.credentials
  const { passwordFile } = options
  if (passwordFile === undefined) return undefined
  return () => ({ password: readFileSync(passwordFile, 'utf8').trim() })
}

/**
 * Makes `target.username` and `target.password` read through `current`: ioredis looks at them each time it connects.
 * A reader that fails leaves the last credentials in use.
 */
export function bindCredentials(target: object, current: () => RedisCredentials): void {
  let last: RedisCredentials = {}
  const read = (): RedisCredentials => {
    try {
      last = current()
    } catch {
      // The mount may be in the middle of a swap; the server decides whether the old password still counts.
    }
    return last
  }
  Object.defineProperty(target, 'password', { get: () => read().password, enumerable: true, configurable: true })
  Object.defineProperty(target, 'username', { get: () => read().username, enumerable: true, configurable: true })
}
