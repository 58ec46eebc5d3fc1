/**
 * An outage of pricing, by real processes: orders keeps its objective by serving the last prices, its breaker and budget show
 * in metrics, traces and health, and it is back as soon as its breaker's open time is over. Judged by what orders reports of
 * itself and by its own timeouts: how fast the machine is decides nothing.
 */
import type { ServerResponse } from 'node:http'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { CollectedSpan } from '../../examples/local/src/index.ts'
import { type AnsweredOrder, type OrderTraffic, startOrders } from './order-traffic.ts'
import { type RunningExample, startExample } from './running-example.ts'

/** As examples/orders declares them. */
const [TOTAL_MS, ATTEMPT_MS, OPEN_MS, SAMPLES] = [350, 300, 2_000, 2]
const [P95_MS, P99_MS] = [500, 2_000]
/** Between the moment something is decided and the moment its event is stamped, on a machine that is busy. */
const STAMP_MS = 100

let example: RunningExample
let traffic: OrderTraffic
/** Raised at each recovery, so that a live price is told from a remembered one. */
let cents = 250

const answer = (response: ServerResponse) => void response.end(JSON.stringify({ cents }))
const priced = (orders: readonly AnsweredOrder[], price: number) => orders.filter((order) => order.cents === price)

/** Metrics of orders, by series. */
async function metrics(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${example.ops}/metrics`)).text()
  const samples = text.split('\n').flatMap((line) => {
    const at = line.lastIndexOf(' ')
    return line.startsWith('#') || at < 0 ? [] : [[line.slice(0, at), Number(line.slice(at + 1))] as const]
  })
  return new Map(samples)
}
const metric = async (series: string) => (await metrics()).get(series) ?? 0
const transitions = (state: string) => metric(`breaker_transitions_total{policy="pricing",state="${state}"}`)

/** The orders answered while `phase` goes on. */
async function during(phase: () => Promise<unknown>): Promise<readonly AnsweredOrder[]> {
  const before = traffic.orders.length
  await phase()
  return traffic.orders.slice(before)
}

/** Waits until so many more orders were answered. */
function answered(count: number): Promise<unknown> {
  const until = traffic.orders.length + count
  return waitFor(() => traffic.orders.length >= until, { timeoutMs: 30_000 })
}

const breakerIs = (state: 0 | 2) =>
  waitFor(async () => (await metric('breaker_state{policy="pricing"}')) === state, { timeoutMs: 15_000 })

/** Lets pricing answer again, at a new price, until every SKU has it; resolves to how often the breaker opened meanwhile. */
async function recover(): Promise<number> {
  const before = await transitions('open')
  cents += 10
  example.pricing.respond = (_, response) => answer(response)
  await waitFor(() => priced(traffic.orders.slice(-12), cents).length === 12, { timeoutMs: 15_000 })
  await breakerIs(0)
  return (await transitions('open')) - before
}

const isCall = ({ attributes }: CollectedSpan) => attributes['peer.service'] === 'pricing'

/** The spans of `orders` by trace, once all have arrived. */
async function tracesOf(orders: readonly AnsweredOrder[]): Promise<readonly (readonly CollectedSpan[])[]> {
  const ids = orders.map(({ traceId }) => traceId as string)
  const arrived = () =>
    new Set(example.collector.spans.flatMap(({ name, traceId }) => (name === 'POST /orders' ? [traceId] : [])))
  await waitFor(() => ids.every((id) => arrived().has(id)), { timeoutMs: 15_000 })
  const byTrace = Map.groupBy(example.collector.spans, ({ traceId }) => traceId)
  return ids.map((id) => byTrace.get(id) ?? [])
}

/** How long an order was held up by pricing, in milliseconds. */
function heldUpMs(trace: readonly CollectedSpan[]): number {
  const calls = trace.filter(isCall)
  if (calls.length === 0) return 0
  const ends = calls.map(({ startMs, durationMs }) => startMs + durationMs)
  return Math.max(...ends) - Math.min(...calls.map(({ startMs }) => startMs))
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0
}

/** What an order took without its wait for pricing: the measure of how busy the machine is. */
function ownMs(trace: readonly CollectedSpan[]): number {
  return (trace.find(({ name }) => name === 'POST /orders')?.durationMs ?? 0) - heldUpMs(trace)
}

/**
 * Every order is taken, and pricing holds none up for longer than the objective; where the orders' own work alone would miss
 * it, for no longer than the time pricing is given and some of that work's.
 */
async function expectWithinObjective(orders: readonly AnsweredOrder[]): Promise<void> {
  const traces = await tracesOf(orders)
  const limitMs = (objectiveMs: number, share: number) =>
    Math.max(objectiveMs, TOTAL_MS + 3 * quantile(traces.map(ownMs), share))

  expect(new Set(orders.map(({ status }) => status))).toEqual(new Set([201]))
  expect(quantile(traces.map(heldUpMs), 0.95)).toBeLessThan(limitMs(P95_MS, 0.95))
  expect(quantile(traces.map(heldUpMs), 0.99)).toBeLessThan(limitMs(P99_MS, 0.99))
}

/** Events of orders' spans about pricing, in the order of time. */
function eventsSoFar() {
  const events = example.collector.spans.flatMap((span) => span.events)
  return events
    .filter(({ attributes }) => attributes['ops.policy'] === 'pricing')
    .sort((one, other) => one.atMs - other.atMs)
}

beforeAll(async () => {
  example = await startExample('fastify', `${inject('redisUrl')}/8`, { TRACE_SAMPLE_RATIO: '1' })
  example.pricing.respond = (_, response) => answer(response)
  traffic = startOrders(example.base, 25)
  await answered(60)
}, 120_000)
afterAll(async () => {
  await traffic?.stop()
  await example?.stop()
})

test('orders are taken at the last price when pricing fails, pricing is spared, and prices are live soon after', async () => {
  let [asked, halfOpen, ready] = [0, 0, '']
  const failing = await during(async () => {
    example.pricing.respond = (_, response) => void response.writeHead(500).end()
    await breakerIs(2)
    await answered(20)
    const [halfOpenBefore, askedBefore] = [await transitions('half-open'), example.pricing.requests.length]
    await answered(60)
    asked = example.pricing.requests.length - askedBefore
    halfOpen = (await transitions('half-open')) - halfOpenBefore
    await waitFor(async () => {
      ready = await (await fetch(`${example.base}/readyz`)).text()
      return ready.includes('pricing down')
    })
  })
  const health = await fetch(`${example.base}/readyz`)
  const opened = await recover()

  await expectWithinObjective(failing)
  expect(priced(failing, 250).length).toBe(failing.length)
  expect(asked).toBeLessThanOrEqual(SAMPLES * (halfOpen + 1))
  expect([health.status, ready]).toEqual([200, expect.stringContaining('pricing down (shared, degrades)')])
  expect(opened).toBeLessThanOrEqual(1)
  expect(await metric('orders_placed_total{pricing="fallback"}')).toBeGreaterThan(0)
}, 60_000)

test('orders are taken at the last price when pricing hangs, none held up for longer than the objective allows', async () => {
  const before = cents
  const askedBefore = example.pricing.requests.length
  const hanging = await during(async () => {
    example.pricing.respond = () => {}
    await breakerIs(2)
    await answered(120)
  })
  const left = example.pricing.requests
    .slice(askedBefore)
    .map(({ headers }) => Number(headers['x-request-timeout-ms'] ?? Infinity))
  const opened = await recover()

  await expectWithinObjective(hanging)
  expect(priced(hanging, before).length).toBe(hanging.length)
  // What is left of the call's time goes with each request, and is nearly used up at the second attempt.
  expect(Math.max(...left)).toBeLessThanOrEqual(ATTEMPT_MS)
  expect(left.some((ms) => ms <= TOTAL_MS - ATTEMPT_MS)).toBe(true)
  expect(opened).toBeLessThanOrEqual(1)
}, 60_000)

test('orders are taken within the objective when pricing flaps, at live prices and last ones', async () => {
  const before = cents
  const flapping = await during(async () => {
    cents += 10
    let at = 0
    example.pricing.respond = (_, response) => {
      if (at++ % 12 < 6) response.writeHead(503).end()
      else answer(response)
    }
    await answered(200)
  })
  const live = priced(flapping, cents).length
  await recover()

  await expectWithinObjective(flapping)
  expect(live).toBeGreaterThan(0)
  expect(live + priced(flapping, before).length).toBe(flapping.length)
}, 60_000)

test('the first order after the open time is let through to pricing, none before it', async () => {
  await tracesOf(traffic.orders.slice())
  const events = eventsSoFar()
  const breaker = events.filter(({ name }) => name === 'breaker')
  const pauses = breaker.flatMap(({ attributes, atMs }, at) =>
    attributes['ops.state'] === 'half-open' ? [{ from: (breaker[at - 1]?.atMs ?? 0) + OPEN_MS, until: atMs }] : [],
  )

  expect(pauses.length).toBeGreaterThanOrEqual(2)
  for (const { from, until } of pauses) {
    const late = events.filter(({ name, atMs }) => name === 'refused' && atMs > from + STAMP_MS && atMs < until)
    expect(until).toBeGreaterThan(from - STAMP_MS)
    expect(late).toEqual([])
  }
})

test('retries stay within their budget in any ten seconds of the outages', async () => {
  await tracesOf(traffic.orders.slice())
  const calls = example.collector.spans.filter(({ name }) => name === 'POST /orders').map(({ startMs }) => startMs)
  const retries = example.collector.spans
    .filter((span) => isCall(span) && Number(span.attributes['http.request.resend_count'] ?? 0) > 0)
    .map(({ startMs }) => startMs)
  const between = (times: readonly number[], from: number, until: number) =>
    times.filter((at) => at > from && at <= until).length

  expect(retries.length).toBeGreaterThan(0)
  for (const at of retries) {
    // The budget counts whole seconds, and a retry is sent after its backoff: nine of ten seconds are surely in one count.
    const allowed = Math.max(30, 0.2 * between(calls, at - 11_000, at))
    expect(between(retries, at - 9_000 + STAMP_MS, at)).toBeLessThanOrEqual(allowed)
  }
})

test('breaker, budget and retries show in metrics and traces after an outage', async () => {
  await waitFor(async () => (await metric('dependency_up{dependency="pricing"}')) === 1)
  const series = await metrics()
  const calls = example.collector.spans.filter(isCall)
  const events = new Set(
    eventsSoFar().map(({ name, attributes }) => `${name} ${attributes['ops.reason'] ?? attributes['ops.state'] ?? ''}`),
  )

  expect([...series.keys()]).toEqual(
    expect.arrayContaining([
      'breaker_state{policy="pricing"}',
      'breaker_transitions_total{policy="pricing",state="closed"}',
      'resilience_retry_budget_exhausted_total{policy="pricing"}',
      'resilience_retries_total{policy="pricing",reason="status_500"}',
      'resilience_calls_total{policy="pricing",outcome="circuit_open"}',
    ]),
  )
  expect(calls.some(({ attributes }) => Number(attributes['http.request.resend_count']) === 1)).toBe(true)
  expect(calls.some(({ error }) => error)).toBe(true)
  expect([...events]).toEqual(
    expect.arrayContaining([
      ...['retry status_500', 'retry timeout', 'budget-exhausted ', 'refused circuit_open'],
      ...['breaker open', 'breaker half-open', 'breaker closed'],
    ]),
  )
})
