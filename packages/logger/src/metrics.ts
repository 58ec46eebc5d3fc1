import { type CounterDefinition, counter, defineMetrics, LOG_LEVELS } from '@ops/core'
import { DETECTORS } from './redact/hits.ts'

/** Why a line was not written. */
export const DROP_REASONS = ['backlog', 'closed', 'destination', 'error', 'recursion'] as const

type Levels = typeof LOG_LEVELS

/** What the logger counts about itself. */
export const loggerMetrics: {
  readonly lines: CounterDefinition<{ readonly level: Levels }>
  readonly redactions: CounterDefinition<{ readonly detector: typeof DETECTORS }>
  readonly suppressed: CounterDefinition<{ readonly level: Levels }>
  readonly dropped: CounterDefinition<{ readonly reason: typeof DROP_REASONS }>
} = defineMetrics({
  lines: counter('logger_lines_total', { help: 'Lines written', labels: { level: LOG_LEVELS } }),
  redactions: counter('logger_redactions_total', {
    help: 'Values hidden or masked, by what found them',
    labels: { detector: DETECTORS },
  }),
  suppressed: counter('logger_suppressed_total', { help: 'Lines left out by sampling', labels: { level: LOG_LEVELS } }),
  dropped: counter('logger_dropped_total', {
    help: 'Lines lost because the output did not take them',
    labels: { reason: DROP_REASONS },
  }),
})
