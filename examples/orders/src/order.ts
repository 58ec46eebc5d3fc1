import { z } from 'zod'

/** What a customer asks for. */
export const newOrder = z.object({ sku: z.string().min(1).max(64), quantity: z.int().min(1) }).strict()
export type NewOrder = z.infer<typeof newOrder>

/** An order as stored and answered. */
export interface Order {
  readonly id: string
  readonly sku: string
  readonly quantity: number
  readonly status: 'placed' | 'fulfilled'
  readonly price_cents: number
}
