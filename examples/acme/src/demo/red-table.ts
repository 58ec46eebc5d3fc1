/** Rate, errors and duration by route, from the metrics of one service. */
import { type Sample, sum } from './scrape.ts'

/** One row of the table. */
export interface RedRow {
  readonly route: string
  readonly method: string
  readonly requests: number
  readonly errors: number
  /** 95th percentile in milliseconds, interpolated inside its bucket. */
  readonly p95Ms: number
}

/** The rows, busiest first. */
export function redRows(samples: readonly Sample[]): RedRow[] {
  const counts = samples.filter(({ name, value }) => name === 'http_requests_total' && value > 0)
  const keys = new Set(counts.map(({ labels }) => `${labels['method']} ${labels['route']}`))
  return [...keys].map((key) => rowOf(samples, key)).sort((a, b) => b.requests - a.requests)
}

function rowOf(samples: readonly Sample[], key: string): RedRow {
  const [method = '', route = ''] = key.split(' ')
  const own = samples.filter(({ labels }) => labels['method'] === method && labels['route'] === route)
  const errors = own.filter(({ name, labels }) => name === 'http_requests_total' && labels['status']?.startsWith('5'))
  return {
    route,
    method,
    requests: sum(own, 'http_requests_total'),
    errors: errors.reduce((total, { value }) => total + value, 0),
    p95Ms: quantile(own, 0.95) * 1000,
  }
}

function quantile(samples: readonly Sample[], q: number): number {
  const byBound = new Map<number, number>()
  for (const { name, labels, value } of samples) {
    if (name !== 'http_request_duration_seconds_bucket') continue
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le'])
    byBound.set(bound, (byBound.get(bound) ?? 0) + value)
  }
  const buckets = [...byBound].sort(([a], [b]) => a - b)
  const rank = q * (buckets.at(-1)?.[1] ?? 0)
  const at = buckets.findIndex(([, count]) => count >= rank)
  const [bound = 0, count = 0] = buckets[at] ?? []
  const [lower, below] = at > 0 ? (buckets[at - 1] as [number, number]) : [0, 0]
  return bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below)
}
