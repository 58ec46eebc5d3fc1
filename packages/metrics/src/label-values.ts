/** Which values each label of one metric may take: the guard against labels that hold a path or an id. */
import type { LabelSpec } from '@ops/core'

/** What stands for all values beyond the caps. */
const OVERFLOW = '__overflow__'
const MAX_VALUE_LENGTH = 1024

interface LabelState {
  readonly name: string
  /** True for `'string'` labels, false where the declaration lists the values. */
  readonly open: boolean
  /** Values with a place of their own: declared, reserved, and the overflow. */
  readonly reserved: Set<string>
  /** Other values in use, with the number of series that have them. */
  readonly admitted: Map<string, number>
}

/** Label values folded to what may be recorded. */
export interface Folded {
  readonly values: readonly string[]
  /** Labels whose value became the overflow. */
  readonly overflowed: readonly string[]
}

/** The values in use by label, within their cap. */
export class LabelValues {
  readonly names: readonly string[]
  readonly #states: readonly LabelState[]
  readonly #maxValues: number

  constructor(spec: LabelSpec, maxValues: number) {
    this.names = Object.keys(spec)
    this.#maxValues = maxValues
    this.#states = Object.entries(spec).map(([name, allowed]) => ({
      name,
      open: allowed === 'string',
      reserved: new Set([OVERFLOW, ...(allowed === 'string' ? [] : allowed)]),
      admitted: new Map(),
    }))
  }

  /** Names of the labels with no declared list. */
  get open(): readonly string[] {
    return this.#states.filter((state) => state.open).map((state) => state.name)
  }

  /** Gives values places that no other value can take. */
  reserve(label: string, values: readonly string[]): void {
    const state = this.#states.find((one) => one.name === label)
    if (state === undefined) {
      throw new TypeError(`Cannot reserve values of label ${label}: not declared, expected one of [${this.names}]`)
    }
    for (const value of values) {
      state.reserved.add(value)
      state.admitted.delete(value)
    }
  }

  /** Replaces values that are not allowed, or too many, by the overflow. */
  fold(values: readonly string[]): Folded {
    const overflowed: string[] = []
    const folded = values.map((value, i) => {
      if (this.#fits(this.#states[i] as LabelState, value)) return value
      overflowed.push((this.#states[i] as LabelState).name)
      return OVERFLOW
    })
    return { values: folded, overflowed }
  }

  /** Replaces every value without a place of its own: what the series cap does. Names the label to blame. */
  foldAll(values: readonly string[]): Folded {
    const folded = values.map((value, i) => ((this.#states[i] as LabelState).reserved.has(value) ? value : OVERFLOW))
    return { values: folded, overflowed: [this.#largest()] }
  }

  /** True when every value has a place of its own, and so the series does not count against the cap. */
  isReserved(values: readonly string[]): boolean {
    return values.every((value, i) => (this.#states[i] as LabelState).reserved.has(value))
  }

  /** Counts the values of a series that begins (1) or ends (-1). */
  count(values: readonly string[], change: 1 | -1): void {
    values.forEach((value, i) => {
      const { reserved, admitted } = this.#states[i] as LabelState
      if (reserved.has(value)) return
      const uses = (admitted.get(value) ?? 0) + change
      if (uses > 0) admitted.set(value, uses)
      else admitted.delete(value)
    })
  }

  #fits(state: LabelState, value: string): boolean {
    if (state.reserved.has(value) || state.admitted.has(value)) return true
    // Text that is not well-formed would become U+FFFD on the wire, where two values could then meet.
    return (
      state.open && state.admitted.size < this.#maxValues && value.length <= MAX_VALUE_LENGTH && value.isWellFormed()
    )
  }

  #largest(): string {
    const open = this.#states.filter((state) => state.open)
    return open.reduce((a, b) => (b.admitted.size > a.admitted.size ? b : a)).name
  }
}
