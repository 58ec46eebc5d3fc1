/** What a person reads about the outage: when it was what, what was tried again and what was not, what was served. */
import type { Observed } from './observed.ts'
import type { Outage } from './outage.ts'
import { drawTrace } from './trace-tree.ts'

const POLICY = { policy: 'pricing' }

/** The lines. */
export function outageLines({ outage, spans, lines }: Observed): string[] {
  const grew = (name: string, labels: Readonly<Record<string, string>>) => String(outage.grew(name, labels))
  const became = (state: string) => grew('breaker_transitions_total', { ...POLICY, state })
  const ended = (outcome: string) => grew('resilience_calls_total', { ...POLICY, outcome })
  const degraded = ['breaker', 'refused', 'budget-exhausted']
    .map((event) =>
      spans.find(({ service, events }) => service === 'orders' && events.some(({ name }) => name === event)),
    )
    .find((span) => span !== undefined)
  return [
    ...outage.moments.map(({ afterMs, what }) => `${(afterMs / 1000).toFixed(1).padStart(6)} s  ${what}`),
    '',
    `breaker          opened ${became('open')}, half-open ${became('half-open')}, closed ${became('closed')}`,
    `calls            live ${ended('success')}, failed ${callsOf(outage, ['failure', 'timeout'])}, refused by the breaker ${ended('circuit_open')}`,
    `retry budget     ${outage.grew('resilience_retries_total', POLICY)} retries, ${outage.grew('resilience_retry_budget_exhausted_total', POLICY)} not made for want of budget`,
    `orders           ${outage.exchanges.length}: at the live price ${placed(outage, 'live')}, at the last one ${placed(outage, 'fallback')}, refused ${refused(outage)}`,
    ...(degraded === undefined
      ? []
      : ['', 'an order served at the last price', ...drawTrace(degraded.traceId, spans, lines)]),
  ]
}

/** Calls to pricing that ended in one of these ways. */
export function callsOf(outage: Outage, outcomes: readonly string[]): number {
  return outcomes.reduce((all, outcome) => all + outage.grew('resilience_calls_total', { ...POLICY, outcome }), 0)
}

/** Orders taken at a price of this source. */
export function placed(outage: Outage, pricing: 'live' | 'fallback'): number {
  return outage.grew('orders_placed_total', { pricing })
}

function refused({ exchanges }: Outage): number {
  return exchanges.filter(({ status }) => status !== 201).length
}
