/** One metric's series, found by walking a trie of label values: no key is ever joined, so no two label sets can collide. */
import type { LabelSpec } from '@ops/core'
import { LabelValues } from './label-values.ts'

/** What a family asks of its surroundings. */
export interface FamilyHooks<S> {
  /** Makes the series of these values and announces it; undefined when memory is used up. */
  create(labelValues: readonly string[]): S | undefined
  /** Forgets a series. */
  destroy(series: S): void
  /** A recording was folded into an overflow series because of this label. */
  overflowed(label: string): void
  /** A recording was refused. */
  refused(reason: 'label' | 'capacity'): void
}

/** Caps of one family. */
export interface FamilyLimits {
  readonly maxSeries: number
  readonly maxValuesPerLabel: number
}

type Node<S> = Map<string, Node<S>> | S
type Labels = Readonly<Record<string, unknown>>

/** All series of a metric. */
export class Family<S extends object> {
  readonly labels: LabelValues
  readonly #names: readonly string[]
  readonly #hooks: FamilyHooks<S>
  readonly #maxSeries: number
  /** Without labels the series itself, once there is one. */
  #root: Node<S> | undefined
  /** Series that count against the cap. */
  readonly #counted = new Set<S>()

  constructor(spec: LabelSpec, limits: FamilyLimits, hooks: FamilyHooks<S>) {
    this.labels = new LabelValues(spec, limits.maxValuesPerLabel)
    this.#names = this.labels.names
    this.#hooks = hooks
    this.#maxSeries = limits.maxSeries
    this.#root = this.#names.length === 0 ? undefined : new Map()
  }

  /** The series of these labels, or the overflow that stands for it; undefined when it may not be recorded. Never throws. */
  find(labels: Labels | undefined): S | undefined {
    try {
      const names = this.#names
      let node: Node<S> | undefined = this.#root
      for (let i = 0; i < names.length; i++) {
        node = (node as Map<string, Node<S>>).get((labels as Labels)[names[i] as string] as string)
        if (node === undefined) return this.#admit(labels)
      }
      return (node as S | undefined) ?? this.#admit(labels)
    } catch {
      this.#hooks.refused('label')
      return undefined
    }
  }

  /** Makes the series of all combinations of declared values, so that a rate over them starts at 0. */
  initialise(spec: LabelSpec): void {
    const lists = Object.values(spec)
    if (lists.some((list) => list === 'string')) return
    const sizes = (lists as readonly (readonly string[])[]).map((list) => list.length)
    if (sizes.reduce((product, size) => product * size, 1) > this.#maxSeries) return
    const combinations = (lists as readonly (readonly string[])[]).reduce<string[][]>(
      (sets, list) => sets.flatMap((set) => list.map((value) => [...set, value])),
      [[]],
    )
    for (const values of combinations) this.#getOrCreate(values)
  }

  /** Forgets the series of these labels, its places in the caps included. */
  remove(labels: Labels): void {
    const values = this.#read(labels)
    if (values === undefined) {
      this.#hooks.refused('label')
      return
    }
    const series = this.#at(values)
    if (series === undefined) return
    this.#unlink(values)
    this.#counted.delete(series)
    this.labels.count(values, -1)
    this.#hooks.destroy(series)
  }

  /** The slow path: a label set not seen before, or one beyond the caps. */
  #admit(labels: Labels | undefined): S | undefined {
    const raw = this.#read(labels)
    if (raw === undefined) {
      this.#hooks.refused('label')
      return undefined
    }
    const known = this.#at(raw)
    if (known !== undefined) return known
    const { values, overflowed } = this.labels.fold(raw)
    for (const label of overflowed) this.#hooks.overflowed(label)
    return this.#at(values) ?? this.#create(values)
  }

  #create(values: readonly string[]): S | undefined {
    if (this.labels.isReserved(values)) return this.#getOrCreate(values)
    if (this.#counted.size >= this.#maxSeries) {
      const folded = this.labels.foldAll(values)
      this.#hooks.overflowed(folded.overflowed[0] as string)
      return this.#getOrCreate(folded.values)
    }
    const series = this.#getOrCreate(values)
    if (series === undefined) return undefined
    this.#counted.add(series)
    this.labels.count(values, 1)
    return series
  }

  #getOrCreate(values: readonly string[]): S | undefined {
    const known = this.#at(values)
    if (known !== undefined) return known
    const series = this.#hooks.create(values)
    if (series === undefined) this.#hooks.refused('capacity')
    else this.#link(values, series)
    return series
  }

  /** The labels' values as text, in declared order; undefined when one is missing, of another type, or throws when read. */
  #read(labels: Labels | undefined): string[] | undefined {
    if (this.#names.length === 0) return []
    const values: string[] = []
    try {
      for (const name of this.#names) {
        const value = (labels as Labels)[name]
        if (typeof value === 'string') values.push(value)
        else if (typeof value === 'number' || typeof value === 'boolean') values.push(String(value))
        else return undefined
      }
    } catch {
      return undefined
    }
    return values
  }

  #at(values: readonly string[]): S | undefined {
    let node: Node<S> | undefined = this.#root
    for (const value of values) {
      node = (node as Map<string, Node<S>>).get(value)
      if (node === undefined) return undefined
    }
    return node as S | undefined
  }

  #link(values: readonly string[], series: S): void {
    if (values.length === 0) {
      this.#root = series
      return
    }
    let node = this.#root as Map<string, Node<S>>
    for (const value of values.slice(0, -1)) {
      let next = node.get(value) as Map<string, Node<S>> | undefined
      if (next === undefined) node.set(value, (next = new Map()))
      node = next
    }
    node.set(values.at(-1) as string, series)
  }

  /** Removes the leaf and the maps it leaves empty. */
  #unlink(values: readonly string[]): void {
    if (values.length === 0) {
      this.#root = undefined
      return
    }
    const path = [this.#root as Map<string, Node<S>>]
    for (const value of values.slice(0, -1)) path.push(path.at(-1)?.get(value) as Map<string, Node<S>>)
    for (let depth = values.length - 1; depth >= 0; depth--) {
      const node = path[depth] as Map<string, Node<S>>
      node.delete(values[depth] as string)
      if (node.size > 0) break
    }
  }
}
