/** Prices: live from the pricing service while it answers in time, else the last ones it gave. */
import { check, type Health } from '@ops/health'
import { type Client, createClient } from '@ops/http'
import { describe, standardPipeline } from '@ops/resilience'
import { PriceUnavailableError } from './errors.ts'
import service from './ops.ts'

/** A price of one piece. */
export interface Price {
  readonly cents: number
  /** `fallback` is the last price that was live. */
  readonly source: 'live' | 'fallback'
}

/** SKUs whose last price is kept; the one unused longest goes first. */
const MAX_PRICES = 10_000

/**
 * A call costs at most 350 ms of the 500 that checkout's 95th percentile may take. With pricing down the breaker lets an order
 * through at once, with the last price, and looks every two seconds whether pricing is back.
 */
function pricingPipeline() {
  return standardPipeline({
    totalTimeoutMs: 350,
    attemptTimeoutMs: 300,
    retries: 1,
    backoff: { baseMs: 10, maxMs: 20 },
    breaker: { minimumCalls: 10, windowMs: 5_000, openMs: 2_000, samples: 2 },
  })
}

/** Returns the look-up of prices. It throws PriceUnavailableError for a SKU that has no price, live or not. */
export function createPrices(): (sku: string) => Promise<Price> {
  const { config, meter, logger, health } = service.ops
  const pipeline = pricingPipeline()
  const client = createClient({ name: 'pricing', baseUrl: config.current.PRICING_URL, meter, ...pipeline })
  const last = new Map<string, number>()
  logger.info({ pricing: describe(pipeline) }, 'calls to pricing are protected')
  watchPricing(health, pipeline)
  return async (sku) => {
    try {
      const cents = await fetchPrice(client, sku)
      remember(last, sku, cents)
      return { cents, source: 'live' }
    } catch (cause) {
      const cents = last.get(sku)
      if (cents === undefined) throw new PriceUnavailableError(sku, cause)
      return { cents, source: 'fallback' }
    }
  }
}

/** An open breaker degrades: the service still takes orders. */
function watchPricing(health: Health, pipeline: { check(): Promise<void> }): void {
  const quick = { everyMs: 500, timeoutMs: 400, downAfter: 1, upAfter: 1, holdMs: 0 } as const
  health.add(
    'pricing',
    check(() => pipeline.check(), { scope: 'shared', ...quick }),
  )
}

async function fetchPrice(client: Client, sku: string): Promise<number> {
  const response = await client.fetch(`/prices/${encodeURIComponent(sku)}`)
  if (!response.ok) throw new Error(`pricing answered ${response.status}`)
  return ((await response.json()) as { cents: number }).cents
}

function remember(last: Map<string, number>, sku: string, cents: number): void {
  last.delete(sku)
  if (last.size >= MAX_PRICES) last.delete(last.keys().next().value as string)
  last.set(sku, cents)
}
