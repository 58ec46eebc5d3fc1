import type { FamilyView } from './family-view.ts'
import type { PromValue } from './prom-registry.ts'

/** A metric's series as prom-client's `get()` gives them. */
export function promValues(view: FamilyView, values: Float64Array): readonly PromValue[] {
  return view.ats.flatMap((at, i) => {
    const labels = view.labelsOf(i)
    if (view.header.kind === 'histogram') return histogramValues(view, values, at, labels)
    const value = values[at] as number
    return Number.isNaN(value) ? [] : [{ value, labels }]
  })
}

function histogramValues(
  { header: { name, buckets } }: FamilyView,
  values: Float64Array,
  at: number,
  labels: Readonly<Record<string, string>>,
): PromValue[] {
  let count = 0
  const lines: PromValue[] = [...buckets, '+Inf'].map((le, bucket) => {
    count += values[at + bucket] as number
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  const sum = values[at + buckets.length + 1] as number
  return [
    ...lines,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
