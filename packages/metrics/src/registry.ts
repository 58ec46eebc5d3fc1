/** The declarations of one thread and the instruments made of them. */
import type { Instruments, MetricCatalog, MetricDefinition } from '@ops/core'
import type { SharedMetrics } from './arena.ts'
import { createKind, type Recorded, type RegistryOptions } from './kinds.ts'
import { sampleNames } from './sample-names.ts'
import { SeriesStore } from './series-store.ts'

interface Registered extends Recorded {
  readonly definition: MetricDefinition
}

export class Registry {
  readonly #options: RegistryOptions
  readonly #store = new SeriesStore()
  readonly #byName = new Map<string, Registered>()
  readonly #ownerOfSample = new Map<string, string>()
  readonly #listeners = new Set<(definition: MetricDefinition) => void>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** The memory to hand to whoever exposes these metrics. */
  get shared(): SharedMetrics {
    return this.#store.shared
  }
  /** All declarations so far. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#byName.values()].map((one) => one.definition)
  }

  /** Instruments of a catalogue; a declaration met before gives the same series. @throws TypeError for a conflicting one. */
  instruments<C extends MetricCatalog>(catalog: C): Instruments<C> {
    const entries = Object.entries(catalog).map(([key, definition]) => [key, this.#register(definition).instrument])
    return Object.fromEntries(entries) as Instruments<C>
  }

  /** Gives label values places of their own. @throws TypeError for a metric or label not declared. */
  reserve(metric: string, values: Readonly<Record<string, readonly string[]>>): void {
    const registered = this.#byName.get(metric)
    if (registered === undefined) throw new TypeError(`Cannot reserve values of ${metric}: expected a declared metric`)
    for (const [label, list] of Object.entries(values)) registered.labels.reserve(label, list)
  }

  /** Calls `listener` for each declaration made later. Returns how to stop. */
  onDefinition(listener: (definition: MetricDefinition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets every histogram take exemplar candidates again. */
  tickExemplars(): void {
    for (const { sampler } of this.#byName.values()) sampler?.tick()
  }

  #register(definition: MetricDefinition): Registered {
    const known = this.#byName.get(definition.name)
    if (known !== undefined) {
      assertSame(known.definition, definition)
      return known
    }
    this.#claimSamples(definition)
    const registered: Registered = {
      definition,
      ...createKind(definition, { store: this.#store, options: this.#options }),
    }
    this.#byName.set(definition.name, registered)
    for (const listener of this.#listeners) listener(definition)
    return registered
  }

  #claimSamples(definition: MetricDefinition): void {
    const names = sampleNames(definition)
    for (const name of names) {
      const owner = this.#ownerOfSample.get(name)
      if (owner !== undefined) {
        throw new TypeError(`Cannot register metric ${definition.name}: ${owner} has the sample name ${name} too`)
      }
    }
    for (const name of names) this.#ownerOfSample.set(name, definition.name)
  }
}

function assertSame(known: MetricDefinition, given: MetricDefinition): void {
  const shape = (one: MetricDefinition) =>
    JSON.stringify([one.kind, Object.entries(one.labels), one.kind === 'histogram' ? one.buckets : []])
  if (shape(known) !== shape(given)) {
    throw new TypeError(
      `Cannot register metric ${known.name}: declared as ${shape(known)} and as ${shape(given)}, expected the same`,
    )
  }
}
