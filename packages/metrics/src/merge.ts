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

/** What a gauge's name says of its rule; the sum where none matches. */
const RULES: readonly (readonly [GaugeRule, RegExp])[] = [
  // The worst, or the first to happen.
  ['min', /_(?:up|successful|expiry_timestamp_seconds)$/],
  ['average', /_(?:ratio|utilization)$/],
  // The same for all, or of the whole machine.
  [
    'max',
    /^disk_|_(?:info|timestamp_seconds|time_seconds|cpu_limit_cores|memory_limit_bytes|max|delay_seconds|working_set_bytes)$/,
  ],
]

/** How the values of the gauge called `name` become one. */
export function gaugeRule(name: string): GaugeRule {
  return RULES.find(([, pattern]) => pattern.test(name))?.[0] ?? 'sum'
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
    if (known !== undefined) addSeries(known, numbers, header)
    else family.series.set(key, { labelValues, numbers: [...numbers], parts: Number.isNaN(numbers[0]) ? 0 : 1 })
  }
}

function addSeries(into: MergedSeries, numbers: readonly number[], header: FamilyHeader): void {
  // A gauge never set there.
  if (Number.isNaN(numbers[0])) return
  const rule = header.kind === 'gauge' ? gaugeRule(header.name) : 'sum'
  numbers.forEach((number, i) => {
    const before = into.numbers[i] as number
    into.numbers[i] = into.parts === 0 ? number : combine(rule, before, number, into.parts)
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
