/** Adds up the metrics of several threads or processes into one exposition. */
import type { ExpositionSource } from './exposition.ts'
import { FamilyView } from './family-view.ts'
import type { FamilyHeader } from './series-log.ts'
import type { FamilySnapshot } from './snapshot.ts'

/** How the values of one gauge in several threads or processes become one. */
export type GaugeRule = 'sum' | 'min' | 'max' | 'average'

interface MergedSeries {
  readonly labelValues: readonly string[]
  readonly numbers: number[]
  /** Values that went into it. */
  parts: number
}
interface MergedFamily {
  readonly header: FamilyHeader
  readonly series: Map<string, MergedSeries>
}

/** The rule a gauge's name implies: the worst for `_up` and `_successful`, one value for all for `_info`, timestamps and limits. */
export function gaugeRule(name: string): GaugeRule {
  if (/_(?:up|successful)$/.test(name)) return 'min'
  if (/_(?:ratio|utilization)$/.test(name)) return 'average'
  if (/_(?:info|timestamp_seconds|time_seconds|limit_\w+|max|delay_seconds)$/.test(name)) return 'max'
  return 'sum'
}

/** One source with the sums of all. A metric declared differently in a later snapshot is left out of it. */
export function mergeSnapshots(snapshots: readonly (readonly FamilySnapshot[])[]): ExpositionSource {
  const merged = new Map<string, MergedFamily>()
  for (const snapshot of snapshots) for (const family of snapshot) addFamily(merged, family)
  return toSource([...merged.values()])
}

/** The sums as a snapshot. */
export function foldSnapshots(a: readonly FamilySnapshot[], b: readonly FamilySnapshot[]): readonly FamilySnapshot[] {
  const merged = new Map<string, MergedFamily>()
  for (const family of [...a, ...b]) addFamily(merged, family)
  return [...merged.values()].map(({ header, series }) => ({
    header,
    series: [...series.values()].map(({ labelValues, numbers }) => [labelValues, numbers] as const),
  }))
}

function addFamily(merged: Map<string, MergedFamily>, { header, series }: FamilySnapshot): void {
  let family = merged.get(header.name)
  if (family === undefined) merged.set(header.name, (family = { header, series: new Map() }))
  if (shapeOf(family.header) !== shapeOf(header)) return
  for (const [labelValues, numbers] of series) {
    const key = JSON.stringify(labelValues)
    const known = family.series.get(key)
    if (known === undefined) family.series.set(key, { labelValues, numbers: [...numbers], parts: 1 })
    else addSeries(known, numbers, header)
  }
}

function addSeries(into: MergedSeries, numbers: readonly number[], header: FamilyHeader): void {
  const rule = header.kind === 'gauge' ? gaugeRule(header.name) : 'sum'
  numbers.forEach((number, i) => {
    const before = into.numbers[i] as number
    if (Number.isNaN(number)) return
    into.numbers[i] = Number.isNaN(before) ? number : combine(rule, before, number, into.parts)
  })
  into.parts++
}

function combine(rule: GaugeRule, before: number, number: number, parts: number): number {
  if (rule === 'min') return Math.min(before, number)
  if (rule === 'max') return Math.max(before, number)
  return rule === 'sum' ? before + number : (before * parts + number) / (parts + 1)
}

function shapeOf({ kind, labels, buckets }: FamilyHeader): string {
  return JSON.stringify([kind, labels, buckets])
}

function toSource(families: readonly MergedFamily[]): ExpositionSource {
  const numbers: number[] = []
  const views = families.map(({ header, series }) => {
    const view = new FamilyView(header)
    for (const one of series.values()) {
      view.add(numbers.length, one.labelValues)
      for (const number of one.numbers) numbers.push(number)
    }
    return view
  })
  return { families: views, values: Float64Array.from(numbers) }
}
