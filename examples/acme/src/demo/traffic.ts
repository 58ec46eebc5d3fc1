/** The demo's traffic: three tenants who order, look, mistype, and ask for what is not theirs. */

/** One answered request. */
export interface Exchange {
  readonly what: string
  readonly status: number
  readonly expected: number
  readonly traceId: string | null
  readonly body: unknown
}

const KEYS = ['acme-key', 'globex-key', 'initech-key'] as const
const SKUS = ['pen', 'notebook', 'backpack']
const ORDERS_A_TENANT = 22
const IN_FLIGHT = 8

interface Call {
  readonly what: string
  readonly method?: string
  readonly path: string
  readonly key?: string
  readonly body?: unknown
  readonly expected: number
}

/** Sends everything to the orders API at `base` and resolves to what came back. */
export async function driveTraffic(base: string): Promise<Exchange[]> {
  const placed = await sendAll(base, KEYS.flatMap(ordersOf))
  const ids = placed
    .filter(({ status }) => status === 201)
    .map(({ body, what }) => ({ id: (body as { id: string }).id, key: what }))
  const looks = ids.flatMap(({ id, key }) => [
    { what: 'own order', path: `/orders/${id}`, key, expected: 200 },
    { what: "another tenant's order", path: `/orders/${id}`, key: otherKey(key), expected: 404 },
  ])
  const again = ids.map(({ id, key }) => ({ what: 'own order again', path: `/orders/${id}`, key, expected: 200 }))
  const others = KEYS.flatMap((key) => [
    { what: 'list', path: '/orders', key, expected: 200 },
    { what: 'unknown order', path: '/orders/none', key, expected: 404 },
    { what: 'unknown route', path: `/wp-login-${key}.php`, key, expected: 404 },
    { what: 'no key', path: '/orders', expected: 401 },
    { what: 'bad quantity', method: 'POST', path: '/orders', key, body: { sku: 'pen', quantity: 0 }, expected: 400 },
    {
      what: 'failing price',
      method: 'POST',
      path: '/orders',
      key,
      body: { sku: 'faulty-lamp', quantity: 1 },
      expected: 502,
    },
    {
      what: 'slow price',
      method: 'POST',
      path: '/orders',
      key,
      body: { sku: 'slow-sofa', quantity: 1 },
      expected: 201,
    },
  ])
  const poison = {
    what: 'poison',
    method: 'POST',
    path: '/orders',
    key: KEYS[0],
    body: { sku: 'poison-apple', quantity: 1 },
    expected: 201,
  }
  const looked = await sendAll(base, [...looks, ...others, poison])
  return [...placed, ...looked, ...(await sendAll(base, again))]
}

/** Places the order number `at`, of each tenant in turn; one that gets no answer has status 0. */
export async function orderOnce(base: string, at: number): Promise<Exchange> {
  const [key = '', sku] = [KEYS[at % 3], SKUS[at % 3]]
  const order = { what: 'order during the outage', method: 'POST', path: '/orders', key, expected: 201 }
  return send(base, { ...order, body: { sku, quantity: 1 } }).catch(() => ({
    ...{ what: order.what, status: 0, expected: order.expected, traceId: null, body: undefined },
  }))
}

function ordersOf(key: string): Call[] {
  return Array.from({ length: ORDERS_A_TENANT }, (_, i) => ({
    // The key doubles as the label, so that looks know whose order it is.
    what: key,
    method: 'POST',
    path: '/orders',
    key,
    body: { sku: SKUS[i % 3], quantity: 1 + (i % 4) },
    expected: 201,
  }))
}

function otherKey(key: string): string {
  return KEYS[(KEYS.indexOf(key as (typeof KEYS)[number]) + 1) % KEYS.length] as string
}

async function sendAll(base: string, calls: readonly Call[]): Promise<Exchange[]> {
  const results: Exchange[] = []
  const queue = [...calls]
  const lane = async () => {
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) results.push(await send(base, call))
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return results
}

async function send(base: string, { what, method = 'GET', path, key, body, expected }: Call): Promise<Exchange> {
  const response = await fetch(base + path, {
    method,
    headers: { ...(key === undefined ? {} : { 'x-api-key': key }), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    what,
    status: response.status,
    expected,
    traceId: response.headers.get('x-trace-id'),
    body: text === '' ? undefined : JSON.parse(text),
  }
}
