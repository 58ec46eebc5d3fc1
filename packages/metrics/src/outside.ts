import type { SharedMetrics } from './arena.ts'
import type { ForeignFamily } from './foreign.ts'
import type { FamilySnapshot } from './snapshot.ts'
import type { OutsideMetrics } from './sources.ts'

/** What other libraries, threads and processes last said; kept current by their collectors. */
export class Outside {
  readonly foreign: Map<object, readonly ForeignFamily[]> = new Map()
  readonly threads: Map<number, SharedMetrics> = new Map()
  readonly snapshots: Map<unknown, readonly FamilySnapshot[]> = new Map()

  get present(): OutsideMetrics {
    return {
      foreign: firstOfEachName([...this.foreign.values()].flat()),
      threads: [...this.threads].map(([id, shared]) => ({ id, shared })),
      snapshots: [...this.snapshots.values()],
    }
  }
}

/** Two registries may have the same metric; an exposition may not. */
function firstOfEachName(families: readonly ForeignFamily[]): readonly ForeignFamily[] {
  const seen = new Set<string>()
  return families.filter(({ name }) => !seen.has(name) && seen.add(name))
}
