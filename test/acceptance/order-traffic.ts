/** Orders that keep coming at a steady pace, whatever becomes of them. */

/** One answered order. */
export interface AnsweredOrder {
  /** 0 for an order that got no answer. */
  readonly status: number
  /** Price of one piece, in cents; undefined for an order that was refused. */
  readonly cents: number | undefined
  readonly traceId: string | null
}

/** Traffic under way. */
export interface OrderTraffic {
  readonly orders: readonly AnsweredOrder[]
  /** Resolves once all that was sent is answered. */
  stop(): Promise<void>
}

const SKUS = ['pen', 'notebook', 'backpack']
const KEYS = ['acme-key', 'globex-key', 'initech-key']

/** Places an order every `everyMs`, without waiting for the one before. */
export function startOrders(base: string, everyMs: number): OrderTraffic {
  const orders: AnsweredOrder[] = []
  const running = new Set<Promise<unknown>>()
  let sent = 0
  const timer = setInterval(() => {
    const order = place(base, sent++)
      .catch(() => ({ status: 0, cents: undefined, traceId: null }))
      .then((answered) => orders.push(answered))
    running.add(order)
    void order.finally(() => running.delete(order))
  }, everyMs)
  return {
    orders,
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}

async function place(base: string, at: number): Promise<AnsweredOrder> {
  const response = await fetch(`${base}/orders`, {
    method: 'POST',
    headers: { 'x-api-key': KEYS[at % 3] as string, 'content-type': 'application/json' },
    body: JSON.stringify({ sku: SKUS[at % 3], quantity: 1 }),
  })
  const { price_cents: cents } = (await response.json()) as { price_cents?: number }
  return { status: response.status, cents, traceId: response.headers.get('x-trace-id') }
}
