/** The tracer's account of itself: every span that was lost is counted here. */
import { type CounterDefinition, counter, defineMetrics, type GaugeDefinition, gauge } from '@ops/core'
import { DECISIONS } from './decision.ts'
import { DROP_REASONS } from './limits.ts'

/** Outcomes of an export. */
export const EXPORT_OUTCOMES = ['delivered', 'retried', 'rejected'] as const

/** What the tracer records. */
export type TracingMetrics = {
  readonly segments: CounterDefinition<{ readonly decision: typeof DECISIONS }>
  readonly dropped: CounterDefinition<{ readonly reason: typeof DROP_REASONS }>
  readonly exported: CounterDefinition<Record<never, never>>
  readonly exports: CounterDefinition<{ readonly outcome: typeof EXPORT_OUTCOMES }>
  readonly openSegments: GaugeDefinition<Record<never, never>>
  readonly heldSpans: GaugeDefinition<Record<never, never>>
  readonly queuedSpans: GaugeDefinition<Record<never, never>>
}

/** Declarations of all metrics of this package. */
export const tracingMetrics: TracingMetrics = defineMetrics({
  segments: counter('tracing_segments_total', {
    help: 'Local parts of traces by the decision about them',
    labels: { decision: DECISIONS },
  }),
  dropped: counter('tracing_spans_dropped_total', {
    help: 'Spans lost to a bound or refused by the collector',
    labels: { reason: DROP_REASONS },
  }),
  exported: counter('tracing_spans_exported_total', { help: 'Spans delivered by the exporter' }),
  exports: counter('tracing_exports_total', {
    help: 'Batches handed to the exporter by outcome',
    labels: { outcome: EXPORT_OUTCOMES },
  }),
  openSegments: gauge('tracing_segments_open', { help: 'Local parts of traces that are not decided' }),
  heldSpans: gauge('tracing_spans_held', { help: 'Ended spans that wait for a decision' }),
  queuedSpans: gauge('tracing_export_queue_spans', { help: 'Kept spans that wait for the exporter' }),
})
