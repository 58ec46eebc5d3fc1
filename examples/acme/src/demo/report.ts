/** The report a person reads after a round. */
import type { Expectation } from './expectations.ts'
import type { Fleet } from './fleet.ts'
import { hitRatio, type Observed } from './observed.ts'
import { outageLines } from './outage-report.ts'
import { redRows } from './red-table.ts'
import { drawTrace } from './trace-tree.ts'

/** The report as text. */
export function report(fleet: Fleet, observed: Observed, expectations: readonly Expectation[]): string {
  return [
    ...heading('Where to look'),
    ...endpoints(fleet),
    ...heading('Rate, errors, duration of the orders API'),
    ...redTable(observed),
    ...heading('One order across three processes'),
    ...traceOfAnOrder(observed),
    ...heading('Outage of pricing'),
    ...outageLines(observed),
    ...heading('Cache'),
    `hit ratio of order reads: ${hitRatio(observed).toFixed(2)}`,
    ...heading('Dead letters'),
    ...deadLetters(observed),
    ...heading('What was expected'),
    ...expectations.map(({ text, holds }) => `${holds ? '✓' : '✗'} ${text}`),
    '',
  ].join('\n')
}

function heading(text: string): string[] {
  return ['', text, '-'.repeat(text.length)]
}

function endpoints({ ports }: Fleet): string[] {
  return [
    `orders API    http://127.0.0.1:${ports.orders}/orders   (x-api-key: acme-key, globex-key, initech-key)`,
    `orders        http://127.0.0.1:${ports.ordersOps}/metrics   /healthz  /ops/config  /ops/loglevel`,
    `pricing       http://127.0.0.1:${ports.pricingOps}/metrics`,
    `worker        http://127.0.0.1:${ports.workerOps}/metrics`,
  ]
}

function redTable({ samples }: Observed): string[] {
  const rows = redRows(samples.orders).map(({ method, route, requests, errors, p95Ms }) => [
    `${method} ${route}`,
    String(requests),
    String(errors),
    `${p95Ms.toFixed(0)} ms`,
  ])
  return [['route', 'requests', '5xx', 'p95'], ...rows].map(
    ([route = '', requests = '', errors = '', p95 = '']) =>
      `${route.padEnd(28)}${requests.padStart(9)}${errors.padStart(6)}${p95.padStart(10)}`,
  )
}

function traceOfAnOrder({ spans, lines }: Observed): string[] {
  const linked = spans.find(({ service, links }) => service === 'fulfilment-worker' && links.length > 0)
  const traceId = linked?.links[0] ?? spans.find(({ name }) => name === 'POST /orders')?.traceId
  return traceId === undefined ? ['no trace arrived'] : drawTrace(traceId, spans, lines)
}

function deadLetters({ dead }: Observed): string[] {
  return dead.length === 0
    ? ['none']
    : dead.map(({ job, verdict, tenant, reason }) => `${job}  ${verdict}  tenant ${tenant}: ${reason}`)
}
