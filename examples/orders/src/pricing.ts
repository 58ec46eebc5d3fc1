import type { Client } from '@ops/http'
import { PriceUnavailableError } from './errors.ts'

/** Price of one piece in cents, from the pricing service. @throws PriceUnavailableError when it has none to give. */
export async function fetchPrice(pricing: Client, sku: string): Promise<number> {
  try {
    const response = await pricing.fetch(`/prices/${encodeURIComponent(sku)}`)
    if (!response.ok) throw new Error(`pricing answered ${response.status}`)
    return ((await response.json()) as { cents: number }).cents
  } catch (cause) {
    throw new PriceUnavailableError(sku, cause)
  }
}
