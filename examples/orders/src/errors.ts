import { OpsError } from '@ops/core'

/** The price is unknown and an order needs one. */
export class PriceUnavailableError extends OpsError {
  override readonly name = 'PriceUnavailableError'

  constructor(sku: string, cause: unknown) {
    super(`Cannot price ${sku}: the pricing service failed, expected a price`, {
      code: 'OPS_ORDERS_PRICE_UNAVAILABLE',
      cause,
    })
  }
}

/** The status and body an API client gets for an error; nothing of an unexpected one is shown. */
export function toAnswer(error: unknown): { status: number; body: { error: { code: string; message: string } } } {
  const code = error instanceof OpsError ? error.code : 'INTERNAL'
  if (code === 'OPS_ORDERS_PRICE_UNAVAILABLE') return answer(502, code, 'The price is not available right now')
  if (code === 'OPS_TENANT_REQUIRED') return answer(401, 'UNAUTHENTICATED', 'Send a known key in x-api-key')
  return answer(500, 'INTERNAL', 'The request failed')
}

/** An error answer. */
export function answer(status: number, code: string, message: string): ReturnType<typeof toAnswer> {
  return { status, body: { error: { code, message } } }
}
