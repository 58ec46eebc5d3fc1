/** Pieces of PromQL that several panels are made of. */
import { select } from '../alerts/alert.ts'
import type { Subject } from '../subject.ts'
import type { Panel } from './panel.ts'

/** Grafana's window: four scrapes or a pixel, whichever is longer. */
export const WINDOW = '$__rate_interval'

/** Share of one counter in another; 0, not nothing, while no part was ever counted. */
export function share(part: string, all: string, window: string = WINDOW): string {
  return `(sum(rate(${part}[${window}])) or vector(0)) / sum(rate(${all}[${window}]))`
}

/** Median, 95th and 99th percentile of a histogram. */
export function quantiles(
  subject: Subject,
  histogram: string,
  labels: Readonly<Record<string, string>> = {},
): Panel['queries'] {
  const buckets = `sum by (le) (rate(${select(subject, `${histogram}_bucket`, labels)}[${WINDOW}]))`
  return [0.5, 0.95, 0.99].map((quantile) => [`histogram_quantile(${quantile}, ${buckets})`, `p${quantile * 100}`])
}
