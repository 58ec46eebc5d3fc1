/** The outage: the network to pricing breaks, flaps and heals while orders keep coming, and what orders' metrics say meanwhile. */
import type { FaultProxy } from '@ops/testing'
import { type Sample, scrape, sum } from './scrape.ts'
import { type Exchange, orderOnce } from './traffic.ts'

/** Something that happened. */
export interface Moment {
  /** Since the beginning. */
  readonly afterMs: number
  readonly what: string
}

/** An outage that is over. */
export interface Outage {
  readonly exchanges: readonly Exchange[]
  readonly moments: readonly Moment[]
  readonly durationMs: number
  /** How much a counter of orders grew meanwhile. */
  grew(name: string, labels?: Readonly<Record<string, string>>): number
}

/** What an outage is made with. */
export interface OutageOptions {
  readonly orders: string
  readonly ordersOps: number
  /** What stands between orders and pricing. */
  readonly network: FaultProxy
}

const ORDER_EVERY_MS = 40
const FLAPS = 8
const FLAP_MS = 300
const PATIENCE_MS = 20_000
const BREAKER = { policy: 'pricing' }
const STATES = ['closed', 'half-open', 'open', 'isolated']

/** Breaks pricing until orders' breaker is open, lets it flap, heals it, and resolves once prices are live again. */
export async function driveOutage({ orders, ordersOps, network }: OutageOptions): Promise<Outage> {
  const before = await scrape(ordersOps)
  const began = performance.now()
  const moments: Moment[] = []
  const note = (what: string) => void moments.push({ afterMs: performance.now() - began, what })
  const traffic = keepOrdering(orders)
  const watch = watchBreaker(ordersOps, note)

  note('the network to pricing breaks')
  await breakOff(network)
  await watch.until('open')
  note('it flaps')
  for (let at = 0; at < FLAPS; at++) {
    await (at % 2 === 0 ? network.accept() : breakOff(network))
    await pause(FLAP_MS)
  }
  note('it is whole again')
  await network.accept()
  await patiently(async () => {
    const fallbacks = await fallbacksOf(ordersOps)
    await traffic.more(25)
    return watch.state() === 'closed' && (await fallbacksOf(ordersOps)) === fallbacks
  })
  note('25 orders in a row at live prices')
  await watch.stop()
  const exchanges = await traffic.stop()
  const durationMs = performance.now() - began
  const after = await scrape(ordersOps)
  return {
    ...{ exchanges, moments, durationMs },
    grew: (name, labels) => sum(after, name, labels) - sum(before, name, labels),
  }
}

/** Orders taken at the last price so far. */
async function fallbacksOf(ordersOps: number): Promise<number> {
  return sum(await scrape(ordersOps), 'orders_placed_total', { pricing: 'fallback' })
}

/** New connections are refused and the open ones are gone. */
async function breakOff(network: FaultProxy): Promise<void> {
  await network.refuse()
  network.cut()
}

/** Places an order every now and then, whatever becomes of it. */
function keepOrdering(base: string) {
  const exchanges: Exchange[] = []
  const running = new Set<Promise<unknown>>()
  let sent = 0
  const timer = setInterval(() => {
    const order = orderOnce(base, sent++).then((exchange) => exchanges.push(exchange))
    running.add(order)
    void order.finally(() => running.delete(order))
  }, ORDER_EVERY_MS)
  return {
    /** Resolves once so many more were answered. */
    async more(count: number): Promise<void> {
      const goal = exchanges.length + count
      await patiently(async () => exchanges.length >= goal)
    },
    async stop(): Promise<readonly Exchange[]> {
      clearInterval(timer)
      await Promise.all(running)
      return exchanges
    },
  }
}

/** Notes each state of the breaker as the metrics show it. */
function watchBreaker(ordersOps: number, note: (what: string) => void) {
  let [state, watching] = ['closed', true]
  const look = async () => {
    const now = stateIn(await scrape(ordersOps))
    if (now !== state) note(`orders' breaker: ${now}`)
    state = now
  }
  const watched = (async () => {
    while (watching) {
      await look()
      await pause(100)
    }
  })()
  return {
    state: () => state,
    until: (wanted: string) => patiently(async () => state === wanted),
    async stop(): Promise<void> {
      watching = false
      await watched
    },
  }
}

function stateIn(samples: readonly Sample[]): string {
  return STATES[sum(samples, 'breaker_state', BREAKER)] ?? 'unknown'
}

/** Gives up in silence: the expectations say what is missing. */
async function patiently(isDone: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  while (!(await isDone()) && performance.now() < until) await pause(25)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
