/** One fact about a service: a value that holds, and why. */
export interface ExplainedFact {
  readonly name: string
  readonly value: string
  /** Where it comes from. */
  readonly origin: 'declared' | 'default' | 'derived' | 'left out'
  readonly why: string
}

/** Makes one. */
export function fact(name: string, value: string, origin: ExplainedFact['origin'], why: string): ExplainedFact {
  return { name, value, origin, why }
}
