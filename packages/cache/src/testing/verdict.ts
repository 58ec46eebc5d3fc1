/** Judges reads against completed invalidations: which of them returned a version that was already overruled when they began. */
import { readRecords } from './records.ts'

/** What the reads amount to. */
export interface Verdict {
  /** Reads that returned a version older than one whose invalidation had resolved before they began. */
  readonly belowFloor: number
  /** How long before its start the worst of them was overruled, in milliseconds; 0 when there is none. */
  readonly worstStalenessMs: number
}

interface Floors {
  readonly at: number[]
  /** Highest version invalidated until then. */
  readonly version: number[]
}

/** Index of the first element of rising `values` that is not below `limit`. */
function lowerBound(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < limit) low = middle + 1
    else high = middle
  }
  return low
}

function floorsByKey(invalidations: readonly Buffer[]): Map<number, Floors> {
  const all = invalidations.flatMap((bytes) => [...readRecords(bytes)]).sort((a, b) => a[0] - b[0])
  const floors = new Map<number, Floors>()
  for (const [micros, key, version] of all) {
    const known = floors.get(key) ?? { at: [], version: [] }
    floors.set(key, known)
    if (version <= (known.version.at(-1) ?? 0)) continue
    known.at.push(micros)
    known.version.push(version)
  }
  return floors
}

/** @param reads by node: when each began, of what, and the version it returned. @param invalidations when each resolved. */
export function judge(reads: readonly Buffer[], invalidations: readonly Buffer[]): Verdict {
  const floors = floorsByKey(invalidations)
  let belowFloor = 0
  let worstMicros = 0
  for (const bytes of reads) {
    for (const [begun, key, version] of readRecords(bytes)) {
      const known = floors.get(key)
      if (known === undefined) continue
      const before = lowerBound(known.at, begun)
      if (before === 0 || (known.version[before - 1] as number) <= version) continue
      belowFloor++
      const overruledAt = known.at[lowerBound(known.version, version + 1)] as number
      worstMicros = Math.max(worstMicros, begun - overruledAt)
    }
  }
  return { belowFloor, worstStalenessMs: worstMicros / 1000 }
}
