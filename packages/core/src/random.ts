/** The only source of chance in @ops, so that tests can seed it. Not for secrets. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
}

/** `Math.random`. */
export const systemRandom: Random = { next: () => Math.random() }
