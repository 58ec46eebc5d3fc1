/** What must hold after a round; each broken one fails `--once`. */
import { hitRatio, type Observed } from './observed.ts'
import { callsOf, placed } from './outage-report.ts'
import { sum } from './scrape.ts'

/** A statement about the round. */
export interface Expectation {
  readonly text: string
  readonly holds: boolean
}

/** Judges a round. */
export function judge(observed: Observed): Expectation[] {
  const { exchanges, samples, spans, lines, strayOutput, dead, unfinishedJobs, workerRestarts } = observed
  const unexpected = exchanges.filter(({ status, expected }) => status !== expected)
  const failed = exchanges.filter(({ status }) => status >= 500)
  const logged = new Set(lines.map((line) => line['trace_id']))
  const traced = new Set(spans.map(({ traceId }) => traceId))
  return [
    { text: `at least 200 requests were sent (${exchanges.length})`, holds: exchanges.length >= 200 },
    { text: `every answer was the expected one (${describe(unexpected)})`, holds: unexpected.length === 0 },
    {
      text: "no tenant saw another tenant's order",
      holds: exchanges.every(({ what, status }) => !what.startsWith('another') || status === 404),
    },
    {
      text: `every answer names a trace that is in the logs`,
      holds: exchanges.every(({ traceId }) => logged.has(traceId)),
    },
    {
      text: `every failed request was traced (${failed.length})`,
      holds: failed.length > 0 && failed.every(({ traceId }) => traced.has(traceId ?? '')),
    },
    { text: 'the metrics count every request', holds: sum(samples.orders, 'http_requests_total') === exchanges.length },
    { text: `the cache answered reads (hit ratio ${hitRatio(observed).toFixed(2)})`, holds: hitRatio(observed) > 0.25 },
    { text: `the queue settled (${unfinishedJobs} jobs left)`, holds: unfinishedJobs === 0 },
    {
      text: `one dead letter, the poison order, named (${dead.length})`,
      holds: dead.length === 1 && dead[0]?.verdict === 'poison',
    },
    {
      text: `the worker crashed at most 3 times (${workerRestarts})`,
      holds: workerRestarts >= 1 && workerRestarts <= 3,
    },
    ...judgeOutage(observed),
    { text: `all output was JSON lines (${strayOutput.length} stray)`, holds: strayOutput.length === 0 },
    {
      text: 'no log line shows a secret',
      holds: !/local-only-not-a-secret|postgres:postgres@/.test(JSON.stringify(lines)),
    },
  ]
}

const POLICY = { policy: 'pricing' }

/** Every answer being the expected one, no order was refused: this is about how. */
function judgeOutage({ outage }: Observed): Expectation[] {
  const retries = outage.grew('resilience_retries_total', POLICY)
  const opened = outage.grew('breaker_transitions_total', { ...POLICY, state: 'open' })
  const closed = outage.grew('breaker_transitions_total', { ...POLICY, state: 'closed' })
  const calls = callsOf(outage, ['success', 'failure', 'timeout', 'circuit_open'])
  // A fifth of the calls, or 30 in ten seconds, counted in whole seconds.
  const allowed = 0.2 * calls + 30 * Math.ceil(outage.durationMs / 9_000)
  return [
    { text: `the breaker opened and closed again (${opened}, ${closed})`, holds: opened >= 1 && closed >= 1 },
    {
      text: `orders were taken at the last price, and live again (${placed(outage, 'fallback')}, ${placed(outage, 'live')})`,
      holds: placed(outage, 'fallback') > 0 && placed(outage, 'live') > 0,
    },
    { text: `retries kept to their budget (${retries} of ${calls} calls)`, holds: retries > 0 && retries <= allowed },
  ]
}

function describe(unexpected: Observed['exchanges']): string {
  const [first] = unexpected
  return first === undefined
    ? 'all'
    : `${unexpected.length} not; ${first.what}: ${first.status}, expected ${first.expected}`
}
