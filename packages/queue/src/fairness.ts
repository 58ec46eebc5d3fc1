/** Whose turn it is, declared: shares of tenants, and how many jobs of one may run at once. */

/** Options of fairness between tenants. */
export interface FairnessOptions {
  /**
   * Share of a tenant beside the others, 0.01 to 100: with 2 it gets twice the turns of one with 1 while both have jobs waiting.
   * Called for each job enqueued, so it answers from memory. Values outside the range are taken as its nearest end, what is no number as 1.
   * @defaultValue () => 1
   */
  readonly weight?: (tenant: string) => number
  /**
   * Jobs of one tenant that run at once, over all workers, an integer from 1. What is over is handed back uncharged and runs
   * when another job of the tenant ends. Costs two calls of Redis a job. @defaultValue no cap
   */
  readonly cap?: number | ((tenant: string) => number)
}

/** What a job of weight 1 adds to its tenant's finish tag. */
export const UNIT = 10_000

/** What a job of a tenant with `weight` adds to the tenant's finish tag: the length of a packet over the weight of its flow. */
export function costOf(weight: number): number {
  if (Number.isNaN(weight)) return UNIT
  return Math.round(UNIT / Math.min(100, Math.max(0.01, weight)))
}

/** @throws TypeError or RangeError for a cap that is none. */
export function assertFairness(queue: string, { cap }: FairnessOptions): void {
  if (cap === undefined || typeof cap === 'function') return
  if (!Number.isInteger(cap) || cap < 1)
    throw new RangeError(`Cannot create queue ${queue}: fairness.cap is ${cap}, expected an integer from 1`)
}

/** The cap of a tenant; undefined for none. */
export function capOf({ cap }: FairnessOptions, tenant: string): number | undefined {
  const value = typeof cap === 'function' ? cap(tenant) : cap
  return value === undefined || !Number.isFinite(value) ? undefined : Math.max(1, Math.floor(value))
}
