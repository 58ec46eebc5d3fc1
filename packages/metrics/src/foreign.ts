/** Metrics of another library (prom-client and its kin), as plain data that can cross to the worker. */

/** One line of a foreign metric. */
export type ForeignSample = readonly [name: string, labels: Readonly<Record<string, string | number>>, value: number]

/** A foreign metric. */
export interface ForeignFamily {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly help: string
  readonly samples: readonly ForeignSample[]
}
