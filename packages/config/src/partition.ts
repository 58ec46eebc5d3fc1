/** Which changes take effect now and which wait for a restart. */
import type { Resolutions } from './resolve.ts'
import type { ConfigShape } from './setting.ts'

/** Changed keys, split. */
export interface Partition {
  readonly live: readonly string[]
  /** Restart-only keys, with the changed rest of their groups: a group changes together or not at all. */
  readonly pending: readonly string[]
}

/** Compares by identity: resolution keeps the identity of what has not changed. */
export function partitionChanges(shape: ConfigShape, before: Resolutions, next: Resolutions): Partition {
  const changed = Object.keys(shape).filter((key) => next.get(key)?.value !== before.get(key)?.value)
  const isRestart = (key: string): boolean => shape[key]?.reload === 'restart'
  const waitingGroups = new Set(changed.filter(isRestart).map((key) => shape[key]?.group))
  waitingGroups.delete(undefined)
  const waits = (key: string): boolean => isRestart(key) || waitingGroups.has(shape[key]?.group)
  return { live: changed.filter((key) => !waits(key)), pending: changed.filter(waits) }
}
