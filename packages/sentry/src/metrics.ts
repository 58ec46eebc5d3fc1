import { type CounterDefinition, counter, defineMetrics } from '@ops/core'

/** What became of an error. Only the first three were handed to the SDK. */
export const OUTCOMES = ['sent', 'refused', 'failed', 'dropped', 'expected', 'duplicate', 'capped'] as const
/** One of the outcomes a report may have. */
export type Outcome = (typeof OUTCOMES)[number]

/** Every metric of the package. */
export const sentryMetrics: {
  readonly reports: CounterDefinition<{ readonly outcome: readonly Outcome[] }>
} = defineMetrics({
  reports: counter('sentry_reports_total', {
    help: 'Errors by what became of their report: delivered, not delivered, or not meant to be',
    labels: { outcome: OUTCOMES },
  }),
})
