import { defaultMetrics } from '@ops/metrics'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldSnapshots, gaugeRule, mergeSnapshots } from '../src/merge.ts'
import type { FamilySnapshot } from '../src/snapshot.ts'
import { takeSnapshot } from '../src/snapshot.ts'

const header = (kind: 'counter' | 'gauge', name: string) =>
  ({ name, kind, help: 'x', labels: ['a'], buckets: [] }) as const
const series = fc.uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 0, max: 1000 })), {
  selector: ([label]) => label,
})
const snapshotOf = (
  kind: 'counter' | 'gauge',
  name: string,
  values: (readonly [string, number])[],
): FamilySnapshot[] => [
  { header: header(kind, name), series: values.map(([label, value]) => [[label], [value]] as const) },
]
const read = (snapshots: readonly (readonly FamilySnapshot[])[]) =>
  Object.fromEntries(
    (takeSnapshot(mergeSnapshots(snapshots))[0]?.series ?? []).map(([[label], [value]]) => [label, value]),
  )

describe('mergeSnapshots()', () => {
  test('sums a counter, in whatever order and grouping its parts come', () => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 5 }), (parts) => {
        const snapshots = parts.map((values) => snapshotOf('counter', 'x_total', values))
        const expected: Record<string, number> = {}
        for (const [label, value] of parts.flat()) expected[label] = (expected[label] ?? 0) + value

        expect(read(snapshots)).toEqual(expected)
        expect(read([...snapshots].reverse())).toEqual(expected)
        expect(read([snapshots.reduce((a, b) => [...foldSnapshots(a, b)], [])])).toEqual(expected)
      }),
    )
  })

  test('takes the mean, the least or the largest of a gauge, those never set left out', () => {
    const parts = [Number.NaN, 4, 1, Number.NaN, 7]
    const merged = (name: string) => read(parts.map((value) => snapshotOf('gauge', name, [['x', value]])))['x']

    expect(merged('hit_ratio')).toBe(4)
    expect(merged('dependency_up')).toBe(1)
    expect(merged('process_cpu_limit_cores')).toBe(7)
    expect(merged('queue_depth')).toBe(12)
  })

  test('leaves out what another copy declares differently', () => {
    const other: FamilySnapshot = { header: { ...header('counter', 'x_total'), labels: ['b'] }, series: [[['x'], [5]]] }

    expect(read([snapshotOf('counter', 'x_total', [['x', 1]]), [other]])).toEqual({ x: 1 })
  })
})

describe('gaugeRule()', () => {
  test('does not sum what the processes of one machine share', () => {
    const rules = Object.values(defaultMetrics)
      .filter(({ kind }) => kind === 'gauge')
      .map(({ name }) => [name, gaugeRule(name)] as const)

    expect(rules.filter(([, rule]) => rule === 'sum').map(([name]) => name)).toEqual([
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
      'nodejs_heap_size_limit_bytes',
      'nodejs_external_memory_bytes',
      'nodejs_active_resources',
      'process_open_fds',
      'process_max_fds',
    ])
    expect(gaugeRule('tls_certificate_expiry_timestamp_seconds')).toBe('min')
  })
})
