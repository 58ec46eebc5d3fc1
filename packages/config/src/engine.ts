/** The state machine behind a configuration: one pass at a time, from layers to a published snapshot or to the last good one kept. */
import { type Clock, noopMeter, type SecretRegistry, silentLogger, systemClock, type Timer } from '@ops/core'
import {
  type ChangeListener,
  type ChangeTrigger,
  type ConfigChange,
  type ListenerFailure,
  notifyAll,
  runTwoPhases,
  type Subscription,
} from './change.ts'
import { type Collection, type Collector, createCollector } from './collect.ts'
import type { Config, ConfigStatus, Explanation, OverrideOptions, OverrideValues, ReloadOutcome } from './config.ts'
import { ConfigClosedError, ConfigInvalidError, OverrideRefusedError } from './errors.ts'
import { explainKey } from './explain.ts'
import { createJournal, type Journal } from './journal.ts'
import { type LoadConfigOptions, watchSettings } from './options.ts'
import { createOverrideSet, type OverrideSet, overrideEntries, parseTtl, withOverrides } from './override.ts'
import { partitionChanges } from './partition.ts'
import { type ConfigProblem, problemLine } from './problem.ts'
import { type Resolution, type Resolutions, resolveAll } from './resolve.ts'
import { errorText, withoutSecrets } from './secret-forms.ts'
import { isSecret, withoutPrevious } from './secret-value.ts'
import { assertDeclared, type ConfigKey, type ConfigShape, type ConfigValues } from './setting.ts'
import { createSnapshot, hashOf } from './snapshot.ts'
import { type ConfigWatcher, startWatching } from './watch.ts'

/** Wait before the end of an override or overlap that a listener vetoed is tried again. */
const RETRY_MS = 30_000

export class ConfigEngine<S extends ConfigShape> implements Config<S> {
  current: ConfigValues<S> = Object.freeze({}) as ConfigValues<S>
  readonly secrets: SecretRegistry
  readonly #shape: S
  readonly #options: LoadConfigOptions
  readonly #clock: Clock
  #journal: Journal
  readonly #collector: Collector
  readonly #overrides: OverrideSet
  readonly #subscriptions = new Set<Subscription<S>>()
  readonly #timers = new Set<Timer>()
  /** The layers below overrides as last published. */
  #collection: Collection | undefined
  /** What is in force; for a key that waits for a restart, still its old value. */
  #resolutions: Resolutions = new Map()
  #pending: readonly string[] = []
  #generation = 0
  #hash = ''
  #watcher: ConfigWatcher | undefined
  #tail: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(shape: S, options: LoadConfigOptions, secrets: SecretRegistry) {
    const { clock = systemClock } = options
    this.#shape = shape
    this.#options = options
    this.secrets = secrets
    this.#clock = clock
    this.#journal = this.#createJournal(options)
    this.#collector = createCollector(shape, options, secrets)
    this.#overrides = createOverrideSet(clock)
  }

  /** The first reading. @throws ConfigInvalidError with every problem. */
  async start(): Promise<void> {
    const collection = await this.#collector.collect()
    const { resolutions, problems } = await this.#resolve(collection)
    if (problems.length > 0) throw new ConfigInvalidError(problems)
    this.#collection = collection
    this.#adopt(resolutions, [])
    this.#swap(createSnapshot(resolutions) as ConfigValues<S>)
    const { observe } = this.#options
    if (observe !== undefined) this.#journal = this.#createJournal(observe(this.current))
    this.#journal.started()
    this.#journal.state(this.#hash, 0)
    this.#watch()
  }

  #createJournal({ logger = silentLogger, meter = noopMeter }: Pick<LoadConfigOptions, 'logger' | 'meter'>): Journal {
    return createJournal({ clock: this.#clock, logger, meter, secrets: this.secrets })
  }

  onChange(
    keys: readonly ConfigKey<S>[],
    listener: ChangeListener<S> | ((change: ConfigChange<S>) => void),
  ): () => void {
    for (const key of keys) assertDeclared(this.#shape, key, 'listen to')
    const subscription: Subscription<S> = {
      keys: new Set<string>(keys),
      listener: typeof listener === 'function' ? { notify: listener } : listener,
    }
    this.#subscriptions.add(subscription)
    return () => {
      this.#subscriptions.delete(subscription)
    }
  }

  async override(values: OverrideValues<S>, options: OverrideOptions): Promise<void> {
    const entries = overrideEntries(this.#shape, values, options)
    parseTtl(options.ttl)
    await this.#enqueue('override', async () => {
      const undo = this.#overrides.put(entries, options, (stillHeld) => this.#endOverrides(stillHeld))
      const { result, problems } = await this.#pass('override')
      if (result === 'success' || result === 'unchanged') return
      undo()
      const state =
        result === 'vetoed' ? 'vetoed by a listener, expected its consent' : problems.map(problemLine).join('; ')
      throw new OverrideRefusedError(Object.keys(values), state)
    })
    this.#journal.overridden(Object.keys(values), options)
  }

  async clearOverrides(keys?: readonly ConfigKey<S>[]): Promise<void> {
    for (const key of keys ?? []) assertDeclared(this.#shape, key, 'clear the override of')
    await this.#enqueue('clear overrides of', () => this.#removeOverrides(keys))
  }

  reload(): Promise<ReloadOutcome> {
    this.#collector.expireSources()
    return this.#enqueue('reload', () => this.#pass('reload'))
  }

  explain(key: ConfigKey<S>): Explanation {
    assertDeclared(this.#shape, key, 'explain')
    const resolution = this.#resolutions.get(key) as Resolution
    return explainKey(key, this.#shape[key] as S[ConfigKey<S>], resolution, this.#pending.includes(key))
  }

  status(): ConfigStatus {
    return {
      generation: this.#generation,
      hash: this.#hash,
      lastReload: this.#journal.lastReload,
      pendingRestart: this.#pending,
      overrides: this.#overrides.statuses(),
      watching: this.#watcher !== undefined,
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watcher?.close()
    this.#watcher = undefined
    await this.#tail
    for (const timer of this.#timers) timer.cancel()
    this.#overrides.close()
    this.#subscriptions.clear()
  }

  #watch(): void {
    const settings = watchSettings(this.#options.watch)
    if (settings === undefined) return
    const targets = {
      files: () => this.#collector.watchedFiles(),
      mounts: this.#options.mounts ?? [],
      sources: this.#options.sources ?? [],
      onTrigger: () => this.#background(() => this.#pass('reload')),
      onSourceSignal: (name: string | undefined) => this.#collector.expireSources(name),
      onError: (path: string, code: string) => this.#journal.unwatchable(path, code),
    }
    this.#watcher = startWatching(targets, settings, this.#clock)
  }

  /** Passes run one after the other: none sees another half done. */
  #enqueue<T>(verb: string, task: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new ConfigClosedError(verb))
    const run = this.#tail.then(task)
    this.#tail = run.catch(() => {})
    return run
  }

  /** A pass nobody waits for; after close there is none. */
  #background(task: () => Promise<unknown>): void {
    if (!this.#isClosed) void this.#enqueue('reload', task)
  }

  /** Never rejects: whatever goes wrong, the last good values stay. */
  async #pass(trigger: ChangeTrigger): Promise<ReloadOutcome> {
    try {
      return await this.#read(trigger)
    } catch (error) {
      const message = `failed unexpectedly (${errorText(this.secrets, error)}), expected a reading`
      const problem: ConfigProblem = { reason: 'unreadable', key: 'configuration', origin: undefined, message }
      return this.#finish(trigger, { result: 'failure', keys: [], problems: [problem] })
    }
  }

  async #read(trigger: ChangeTrigger): Promise<ReloadOutcome> {
    const isReload = trigger === 'reload' || this.#collection === undefined
    const collection = isReload ? await this.#collector.collect() : (this.#collection as Collection)
    const { resolutions, problems } = await this.#resolve(collection)
    if (problems.length > 0) return this.#finish(trigger, { result: 'failure', keys: [], problems })
    const outcome = await this.#publish(resolutions, trigger)
    if (outcome.result === 'vetoed') return this.#finish(trigger, outcome)
    this.#collection = collection
    const isStale = isReload && collection.stale.length > 0
    return this.#finish(trigger, isStale ? { ...outcome, result: 'failure', problems: collection.stale } : outcome)
  }

  async #resolve(collection: Collection): Promise<{
    readonly resolutions: Map<string, Resolution>
    readonly problems: readonly ConfigProblem[]
  }> {
    const entries = withOverrides(collection.entries, this.#overrides.entries())
    const context = { before: this.#resolutions, registry: this.secrets }
    const { resolutions, problems } = await resolveAll(this.#shape, { ...collection, entries }, context)
    // Messages hold no value by construction; what an application's own check says might.
    const clean = problems.map((each) => ({ ...each, message: withoutSecrets(this.secrets, each.message) }))
    return { resolutions, problems: clean }
  }

  async #publish(next: Map<string, Resolution>, trigger: ChangeTrigger): Promise<ReloadOutcome> {
    const { live, pending } = partitionChanges(this.#shape, this.#resolutions, next)
    for (const key of pending) next.set(key, this.#resolutions.get(key) as Resolution)
    if (live.length === 0) {
      this.#adopt(next, pending)
      return { result: 'unchanged', keys: [], problems: [] }
    }
    const keys = live as readonly ConfigKey<S>[]
    const after = createSnapshot(next) as ConfigValues<S>
    const change: ConfigChange<S> = { generation: this.#generation + 1, trigger, keys, before: this.current, after }
    const concerned = [...this.#subscriptions].filter((each) => keys.some((key) => each.keys.has(key)))
    const onFailure = (failure: ListenerFailure): void => this.#journal.listenerFailed(failure)
    const timeoutMs = this.#options.listenerTimeoutMs ?? 10_000
    const veto = await runTwoPhases(concerned, change, { clock: this.#clock, timeoutMs, onFailure })
    if (veto !== undefined) return { result: 'vetoed', keys, problems: [] }
    this.#adopt(next, pending)
    this.#swap(after)
    this.#startOverlaps(keys)
    notifyAll(concerned, change, onFailure)
    return { result: 'success', keys, problems: [] }
  }

  #adopt(resolutions: Resolutions, pending: readonly string[]): void {
    this.#resolutions = resolutions
    this.#pending = Object.freeze([...pending])
  }

  #swap(after: ConfigValues<S>): void {
    this.current = after
    this.#generation++
    this.#hash = hashOf(this.#shape, this.#resolutions)
  }

  #finish(trigger: ChangeTrigger, outcome: ReloadOutcome): ReloadOutcome {
    this.#journal.passed({ ...outcome, trigger, generation: this.#generation })
    this.#journal.state(this.#hash, this.#pending.length)
    if (trigger === 'reload') this.#watcher?.refresh()
    return outcome
  }

  #endOverrides(stillHeld: () => readonly string[]): void {
    this.#background(async () => {
      const keys = stillHeld()
      if (keys.length === 0) return
      const { result } = await this.#removeOverrides(keys)
      if (result === 'vetoed') this.#later(RETRY_MS, () => this.#pass('override-end'))
    })
  }

  #removeOverrides(keys: readonly string[] | undefined): Promise<ReloadOutcome> {
    this.#overrides.remove(keys)
    return this.#pass('override-end')
  }

  /** Where the source itself names the previous value, it also says when that ends. */
  #startOverlaps(keys: readonly string[]): void {
    for (const key of keys) {
      const { value, entries } = this.#resolutions.get(key) as Resolution
      const overlapMs = this.#shape[key]?.overlapMs ?? 0
      if (overlapMs > 0 && entries[0]?.previous === undefined && isSecret(value) && value.previous !== undefined) {
        this.#later(overlapMs, () => this.#endOverlap(key, value))
      }
    }
  }

  /** A secret rotated again meanwhile has an overlap of its own. */
  async #endOverlap(key: string, secret: unknown): Promise<void> {
    const resolution = this.#resolutions.get(key)
    if (resolution?.value !== secret || !isSecret(secret)) return
    const pending = this.#pending
    const next = new Map(this.#resolutions).set(key, { ...resolution, value: withoutPrevious(secret) } as Resolution)
    const outcome = await this.#publish(next, 'overlap-end')
    this.#pending = pending
    this.#finish('overlap-end', outcome)
    if (outcome.result === 'vetoed') this.#later(RETRY_MS, () => this.#endOverlap(key, secret))
  }

  #later(delayMs: number, task: () => Promise<unknown>): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      this.#background(task)
    }, delayMs)
    this.#timers.add(timer)
  }
}
