/** Alerts on a share: failing of all, slow of all. */
import type { HistogramDefinition } from '@ops/core'
import { edgeMatcher } from '../expression.ts'
import type { Subject } from '../subject.ts'
import { select } from './alert.ts'
import { type Proof, proveLevel } from './proof.ts'

/** Two counters, the first counting a part of what the second counts; both written as series. */
export interface Share {
  /** Selector of the part, such as requests that failed. */
  readonly part: string
  /** Selector of all. */
  readonly all: string
}

/** Fewer than this in the window, and one unlucky request is a percentage. */
const FEWEST_PART = 5
export const FEWEST_ALL = 20

/** Above the share, or at it where nothing is above. */
function exceeds(share: number): string {
  return share >= 1 ? '>= 1' : `> ${share}`
}

/** Share of the part in the window. */
export function shareOf({ part, all }: Share, window: string): string {
  return `sum(rate(${part}[${window}])) / sum(rate(${all}[${window}]))`
}

/** True while the share is exceeded in every window, and the part is no accident in the first. */
export function shareExceeded(share: Share, ratio: number, windows: readonly [string, ...string[]]): string {
  const exceeded = windows.map((window) => `${shareOf(share, window)} ${exceeds(ratio)}`)
  return [...exceeded, `sum(increase(${share.part}[${windows[0]}])) > ${FEWEST_PART}`].join('\nand\n')
}

/** Proof of {@link shareExceeded}; `series` are the counters behind it as exposed. */
export function proveShare(options: {
  readonly ratio: number
  /** Series that counts the part. */
  readonly part: string
  /** Series that counts the others. */
  readonly rest: string
  /** Longest window that must be clear, and for how long, in minutes. */
  readonly windowMinutes: number
  readonly forMinutes: number
  /** The shortest window, which clears first, in minutes. @defaultValue `windowMinutes` */
  readonly clearMinutes?: number
}): Proof {
  const { ratio, part, rest, windowMinutes, forMinutes, clearMinutes = windowMinutes } = options
  const minutes = Math.min(windowMinutes, 60) + forMinutes
  const perMinute = 12
  const others = (share: number): number => Math.round(perMinute / Math.min(share, 1) - perMinute)
  return proveLevel({
    kind: 'counter',
    firing: { [part]: perMinute, [rest]: Math.floor(others(ratio * 1.2)) },
    justBelow: { [part]: perMinute, [rest]: others(ratio * 0.9) + 1 },
    lowTraffic: { [part]: (FEWEST_PART - 2) / (minutes + 5), [rest]: 0 },
    recovered: { [part]: 0, [rest]: 100 },
    minutes,
    clearMinutes,
  })
}

/**
 * True while more than `share` of observations are above `edge`, which at a bucket edge is exactly "the quantile is
 * above it", and unlike an interpolated quantile holds for the highest edge too.
 */
export function slowerThan(
  subject: Subject,
  histogram: HistogramDefinition,
  { labels, edge, share, window }: { labels: Record<string, string>; edge: number; share: number; window: string },
): string {
  const within = select(subject, `${histogram.name}_bucket`, labels, [edgeMatcher(edge)])
  const all = select(subject, `${histogram.name}_count`, labels)
  return `1 - sum(rate(${within}[${window}])) / sum(rate(${all}[${window}])) > ${share}
and
sum(increase(${all}[${window}])) > ${FEWEST_ALL}`
}

/** Proof of {@link slowerThan}. */
export function proveSlower(
  histogram: HistogramDefinition,
  {
    series,
    edge,
    share,
    minutes,
    clearMinutes,
  }: {
    /** Labels of one series as text, without braces. */
    series: string
    edge: number
    share: number
    minutes: number
    clearMinutes: number
  },
): Proof {
  const within = `${histogram.name}_bucket{${series},le="${edge}"}`
  const all = `${histogram.name}_count{${series}}`
  const level = (slow: number, total = 1000): Record<string, number> => ({ [within]: total - slow, [all]: total })
  return proveLevel({
    kind: 'counter',
    firing: level(share * 1200),
    justBelow: level(share * 900),
    lowTraffic: level(1, 1),
    minutes,
    clearMinutes,
  })
}

/** The edge of a histogram. @throws RangeError naming the nearest edges for a value between two. */
export function assertEdge(what: string, value: number, { buckets, name }: HistogramDefinition): number {
  if (buckets.includes(value)) return value
  const near = [buckets.findLast((edge) => edge < value), buckets.find((edge) => edge > value)]
  throw new RangeError(
    `Cannot use ${what} ${value}: no bucket edge of ${name}, expected ${near.filter((edge) => edge !== undefined).join(' or ')}`,
  )
}
