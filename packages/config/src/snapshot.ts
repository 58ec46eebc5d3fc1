/** The frozen object that readers hold. */
import { createHash } from 'node:crypto'
import { printValue } from './grammar.ts'
import type { Resolutions } from './resolve.ts'
import type { ConfigShape } from './setting.ts'

/** All values under their names, frozen. */
export function createSnapshot(resolutions: Resolutions): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const [key, { value }] of resolutions) values[key] = value
  // The copy has fast properties whatever the number of keys; an object filled by computed names is a hash table in V8, ten times slower to read.
  return Object.freeze({ ...values })
}

/** 16 hex digits over every value but the secrets', the same on every replica that has the same configuration. */
export function hashOf(shape: ConfigShape, resolutions: Resolutions): string {
  const hash = createHash('sha256')
  for (const key of [...resolutions.keys()].sort()) {
    const definition = shape[key]
    const value = resolutions.get(key)?.value
    if (definition === undefined || definition.sensitive || value === undefined) continue
    hash.update(`${key}=${JSON.stringify(printValue(definition.schema, value))}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}
