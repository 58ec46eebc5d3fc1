/** Metrics as plain data, for where memory cannot be shared: between processes, and of threads that have ended. */
import type { ExpositionSource } from './exposition.ts'
import type { FamilyHeader } from './series-log.ts'

/** One metric with its series. */
export interface FamilySnapshot {
  readonly header: FamilyHeader
  readonly series: readonly (readonly [labelValues: readonly string[], numbers: readonly number[]])[]
}

/** Copies what `source` has now. */
export function takeSnapshot(source: ExpositionSource): readonly FamilySnapshot[] {
  return source.families.map((view) => ({
    header: view.header,
    series: view.ats.map(
      (at, i) => [view.labelValues[i] as readonly string[], [...source.values.subarray(at, at + view.width)]] as const,
    ),
  }))
}

/** What outlives its thread or process: totals, which must not fall when it ends; gauges go with it. */
export function withoutGauges(snapshot: readonly FamilySnapshot[]): readonly FamilySnapshot[] {
  return snapshot.filter((family) => family.header.kind !== 'gauge')
}
