/** Plain fields on the hot path, copied into instruments when metrics are collected. */
import { LOG_LEVELS, type Meter } from '@ops/core'
import { DROP_REASONS, loggerMetrics } from './metrics.ts'
import { DETECTORS, type Hits } from './redact/hits.ts'

/** Why a line was not written. */
export type DropReason = (typeof DROP_REASONS)[number]

/** What has happened since the start. */
export interface Counters {
  /** By rank of the level. */
  readonly lines: number[]
  /** By rank of the level. */
  readonly suppressed: number[]
  readonly dropped: Record<DropReason, number>
}

/** All zero. */
export function createCounters(): Counters {
  return {
    lines: LOG_LEVELS.map(() => 0),
    suppressed: LOG_LEVELS.map(() => 0),
    dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
  }
}

/** Publishes counters with every collection; returns how to stop. */
export function publishCounters(meter: Meter, counters: Counters, hits: Hits): () => void {
  const instruments = meter.instruments(loggerMetrics)
  const published = new Map<string, number>()
  const grown = (key: string, value: number): number => {
    const by = value - (published.get(key) ?? 0)
    published.set(key, value)
    return by
  }
  const collect = () => {
    for (const [rank, level] of LOG_LEVELS.entries()) {
      instruments.lines.inc({ level }, grown(`lines ${level}`, counters.lines[rank] as number))
      instruments.suppressed.inc({ level }, grown(`suppressed ${level}`, counters.suppressed[rank] as number))
    }
    for (const detector of DETECTORS)
      instruments.redactions.inc({ detector }, grown(`hits ${detector}`, hits[detector]))
    for (const reason of DROP_REASONS) {
      instruments.dropped.inc({ reason }, grown(`dropped ${reason}`, counters.dropped[reason]))
    }
  }
  return meter.onCollect(collect, { name: 'logger' })
}
