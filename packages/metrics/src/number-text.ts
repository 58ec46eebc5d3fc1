/** A number as both formats write it. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** A bound as OpenMetrics wants it, so that one number has one text: whole numbers end in `.0`. */
export function canonicalNumber(value: number): string {
  const text = numberText(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
