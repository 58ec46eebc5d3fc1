/** Names as they stand in an exposition. */
/** Name of the metric family in OpenMetrics, where a counter's goes without `_total`. */
export function openMetricsName(kind: string, name: string): string {
  return kind === 'counter' && name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
}

/** Every name a metric has in either format: no two metrics may share one. */
export function sampleNames({ kind, name }: { readonly kind: string; readonly name: string }): readonly string[] {
  if (kind === 'histogram') return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]
  if (kind === 'summary') return [name, `${name}_count`, `${name}_sum`]
  return [...new Set([name, openMetricsName(kind, name)])]
}
