import type { Explanation, LayerPlace } from './config.ts'
import type { AnySetting } from './parse-value.ts'
import type { Resolution } from './resolve.ts'

/** Where the value of a key comes from, safe to show. */
export function explainKey(
  key: string,
  definition: AnySetting,
  resolution: Resolution,
  isPending: boolean,
): Explanation {
  const [winner, ...losers] = resolution.entries.map(({ layer, origin }): LayerPlace => ({ layer, origin }))
  return {
    key,
    value: definition.sensitive && resolution.value !== undefined ? '[secret]' : resolution.value,
    layer: winner?.layer ?? 'default',
    origin: winner?.origin ?? 'default',
    shadowed: losers,
    sensitive: definition.sensitive,
    reload: definition.reload,
    group: definition.group?.name,
    description: definition.description,
    pendingRestart: isPending,
  }
}
