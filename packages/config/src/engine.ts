/** The state machine behind a configuration: one pass at a time, from layers to a published snapshot or to the last good one kept. */
import {
  type Clock,
  type Logger,
  noopMeter,
  type SecretRegistry,
  silentLogger,
  systemClock,
  type Timer,
} from '@ops/core'
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
import type {
  Config,
  ConfigStatus,
  Explanation,
  OverrideOptions,
  OverrideValues,
  ReloadOutcome,
  ReloadStatus,
} from './config.ts'
import type { Entry } from './entry.ts'
import { ConfigClosedError, ConfigInvalidError, OverrideRefusedError } from './errors.ts'
import { explainKey } from './explain.ts'
import { type LoadConfigOptions, watchSettings } from './options.ts'
import { createOverrideSet, overrideEntries, parseTtl } from './override.ts'
import { type ConfigProblem, problemLine } from './problem.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { type Resolution, type Resolutions, resolveAll } from './resolve.ts'
import { errorText, withoutSecrets } from './secret-forms.ts'
import { isSecret, withoutPrevious } from './secret-value.ts'
import type { ConfigKey, ConfigShape, ConfigValues } from './setting.ts'
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
  readonly #logger: Logger
  readonly #recorder: Recorder
  readonly #collector: Collector
  readonly #overrides: ReturnType<typeof createOverrideSet>
  readonly #subscriptions = new Set<Subscription<S>>()
  readonly #timers = new Set<Timer>()
  #collection: Collection = { entries: new Map(), problems: [], stale: [], prefixed: new Map() }
  #resolutions: Resolutions = new Map()
  #pending: readonly string[] = []
  #generation = 0
  #hash = ''
  #lastReload: ReloadStatus
  #lastComplaint = ''
  #watcher: ConfigWatcher | undefined
  #tail: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(shape: S, options: LoadConfigOptions, secrets: SecretRegistry) {
    this.#shape = shape
    this.#options = options
    this.secrets = secrets
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#recorder = createRecorder(options.meter ?? noopMeter)
    this.#collector = createCollector(shape, options, secrets)
    this.#overrides = createOverrideSet(this.#clock)
    this.#lastReload = { at: '', result: 'success', problems: [] }
  }

  /** The first reading. @throws ConfigInvalidError with every problem. */
  async start(): Promise<void> {
    const collection = await this.#collector.collect()
    const { resolutions, problems } = await this.#resolve(collection)
    if (problems.length > 0) throw new ConfigInvalidError(problems)
    this.#collection = collection
    this.#adopt(resolutions, [])
    this.#swap()
    this.#settle('success', [], true)
    const watch = watchSettings(this.#options.watch)
    if (watch !== undefined) this.#watch(watch)
  }

  onChange(
    keys: readonly ConfigKey<S>[],
    listener: ChangeListener<S> | ((change: ConfigChange<S>) => void),
  ): () => void {
    for (const key of keys) this.#assertDeclared(key, 'listen to')
    const subscription = {
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
      const undo = this.#overrides.put(entries, options, (keys) => this.#endOverrides(keys))
      const outcome = await this.#pass('override')
      if (outcome.result !== 'failure' && outcome.result !== 'vetoed') return
      undo()
      const state =
        outcome.result === 'vetoed'
          ? 'vetoed by a listener, expected its consent'
          : outcome.problems.map(problemLine).join('; ')
      throw new OverrideRefusedError(
        entries.map(({ key }) => key),
        state,
      )
    })
    const { by, reason, ttl } = options
    this.#logger.info({ keys: Object.keys(values), by, reason, ttl }, 'Configuration overridden')
  }

  async clearOverrides(keys?: readonly ConfigKey<S>[]): Promise<void> {
    for (const key of keys ?? []) this.#assertDeclared(key, 'clear the override of')
    await this.#enqueue('clear overrides of', () => this.#removeOverrides(keys))
  }

  reload(): Promise<ReloadOutcome<S>> {
    this.#collector.expireSources()
    return this.#enqueue('reload', () => this.#pass('reload'))
  }

  explain(key: ConfigKey<S>): Explanation {
    this.#assertDeclared(key, 'explain')
    return explainKey(
      key,
      this.#shape[key] as S[ConfigKey<S>],
      this.#resolutions.get(key) as Resolution,
      this.#pending.includes(key),
    )
  }

  status(): ConfigStatus {
    return {
      generation: this.#generation,
      hash: this.#hash,
      lastReload: this.#lastReload,
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

  #watch(settings: NonNullable<ReturnType<typeof watchSettings>>): void {
    const warned = new Set<string>()
    this.#watcher = startWatching(
      {
        files: () => this.#collector.watchedFiles(),
        mounts: this.#options.mounts ?? [],
        sources: this.#options.sources ?? [],
        onTrigger: () => {
          if (!this.#isClosed) void this.#enqueue('reload', () => this.#pass('reload'))
        },
        onSourceSignal: (name) => this.#collector.expireSources(name),
        onError: (path, code) => {
          if (!warned.has(path))
            this.#logger.warn({ path, code }, 'Cannot watch a configuration directory: relying on the poll')
          warned.add(path)
        },
      },
      settings,
      this.#clock,
    )
  }

  /** Passes run one after the other: none sees another half done. */
  #enqueue<T>(verb: string, task: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new ConfigClosedError(verb))
    const run = this.#tail.then(task)
    this.#tail = run.catch(() => {})
    return run
  }

  async #pass(trigger: ChangeTrigger): Promise<ReloadOutcome<S>> {
    const collection = trigger === 'reload' ? await this.#collector.collect() : this.#collection
    const { resolutions, problems } = await this.#resolve(collection)
    if (problems.length > 0) return this.#finish(trigger, { result: 'failure', keys: [], problems })
    const outcome = await this.#publish(resolutions, trigger)
    if (outcome.result !== 'vetoed') this.#collection = collection
    const isStale = collection.stale.length > 0 && outcome.result !== 'vetoed'
    return this.#finish(trigger, isStale ? { ...outcome, result: 'failure', problems: collection.stale } : outcome)
  }

  async #resolve(
    collection: Collection,
  ): Promise<{ resolutions: Map<string, Resolution>; problems: readonly ConfigProblem[] }> {
    const layered = { ...collection, entries: withOverrides(collection.entries, this.#overrides.entries()) }
    const { resolutions, problems } = await resolveAll(this.#shape, layered, {
      before: this.#resolutions,
      registry: this.secrets,
    })
    // Messages hold no value by construction; a check written by the application might.
    return {
      resolutions,
      problems: problems.map((each) => ({ ...each, message: withoutSecrets(this.secrets, each.message) })),
    }
  }

  async #publish(next: Map<string, Resolution>, trigger: ChangeTrigger): Promise<ReloadOutcome<S>> {
    const { keys, pending } = this.#partition(next)
    for (const key of pending) next.set(key, this.#resolutions.get(key) as Resolution)
    if (keys.length === 0) {
      this.#adopt(next, pending)
      return { result: 'unchanged', keys: [], problems: [] }
    }
    const after = createSnapshot(next) as ConfigValues<S>
    const change: ConfigChange<S> = { generation: this.#generation + 1, trigger, keys, before: this.current, after }
    const concerned = [...this.#subscriptions].filter((each) => keys.some((key) => each.keys.has(key)))
    const onFailure = (failure: ListenerFailure): void => this.#complain(failure)
    const timeoutMs = this.#options.listenerTimeoutMs ?? 10_000
    const veto = await runTwoPhases(concerned, change, { clock: this.#clock, timeoutMs, onFailure })
    if (veto !== undefined) return { result: 'vetoed', keys, problems: [] }
    this.#adopt(next, pending)
    this.#swap(after)
    this.#startOverlaps(keys)
    notifyAll(concerned, change, onFailure)
    return { result: 'success', keys, problems: [] }
  }

  /** Changed keys that take effect now, and those that wait: restart-only ones with the rest of their groups. */
  #partition(next: Resolutions): { keys: ConfigKey<S>[]; pending: string[] } {
    const changed = Object.keys(this.#shape).filter((key) => next.get(key)?.value !== this.#resolutions.get(key)?.value)
    const restart = changed.filter((key) => this.#shape[key]?.reload === 'restart')
    const waitingGroups = new Set(restart.map((key) => this.#shape[key]?.group).filter((group) => group !== undefined))
    const waits = (key: string): boolean => {
      const definition = this.#shape[key]
      return (
        definition?.reload === 'restart' || (definition?.group !== undefined && waitingGroups.has(definition.group))
      )
    }
    return { keys: changed.filter((key) => !waits(key)), pending: changed.filter(waits) }
  }

  #adopt(resolutions: Resolutions, pending: readonly string[]): void {
    this.#resolutions = resolutions
    this.#pending = Object.freeze([...pending])
  }

  #swap(after: ConfigValues<S> = createSnapshot(this.#resolutions) as ConfigValues<S>): void {
    this.current = after
    this.#generation++
    this.#hash = hashOf(this.#shape, this.#resolutions)
  }

  #finish(trigger: ChangeTrigger, outcome: ReloadOutcome<S>): ReloadOutcome<S> {
    if (trigger === 'reload') {
      this.#settle(outcome.result, outcome.problems)
      this.#watcher?.refresh()
    } else {
      this.#record()
    }
    const { result, keys, problems } = outcome
    if (keys.length > 0 && result !== 'vetoed')
      this.#logger.info({ keys, trigger, generation: this.#generation }, 'Configuration changed')
    if (result === 'vetoed')
      this.#logger.warn({ keys, trigger }, 'Configuration change vetoed: the last good one stays')
    if (trigger === 'reload') this.#complainOnce(problems)
    return outcome
  }

  #settle(result: ReloadStatus['result'], problems: readonly ConfigProblem[], isStart = false): void {
    const now = this.#clock.now()
    this.#lastReload = Object.freeze({ at: new Date(now).toISOString(), result, problems })
    this.#recorder.reload(result, now, isStart)
    this.#record()
  }

  #record(): void {
    this.#recorder.state(this.#hash, this.#pending.length)
  }

  /** The poll repeats a failure every half minute; the log says it once. */
  #complainOnce(problems: readonly ConfigProblem[]): void {
    const lines = problems.map(problemLine)
    const complaint = lines.join('\n')
    if (complaint !== '' && complaint !== this.#lastComplaint) {
      this.#logger.error({ problems: lines }, 'Configuration reload failed: the last good one stays')
    }
    this.#lastComplaint = complaint
  }

  #complain({ step, error }: ListenerFailure): void {
    this.#logger.error({ step, failure: errorText(this.secrets, error) }, 'Configuration listener failed')
  }

  #endOverrides(keys: readonly string[]): void {
    if (keys.length === 0 || this.#isClosed) return
    void this.#enqueue('reload', () => this.#removeOverrides(keys)).then((outcome) => {
      if (outcome.result === 'vetoed')
        this.#later(RETRY_MS, () => void this.#enqueue('reload', () => this.#pass('override-end')))
      else this.#logger.info({ keys }, 'Configuration override ended')
    })
  }

  #removeOverrides(keys: readonly string[] | undefined): Promise<ReloadOutcome<S>> {
    this.#overrides.remove(keys)
    return this.#pass('override-end')
  }

  #startOverlaps(keys: readonly string[]): void {
    for (const key of keys) {
      const { overlapMs = 0 } = this.#shape[key] ?? {}
      const resolution = this.#resolutions.get(key)
      const isOurs = resolution?.entries[0]?.previous === undefined
      if (overlapMs > 0 && isOurs && isSecret(resolution?.value) && resolution.value.previous !== undefined) {
        this.#later(overlapMs, () => this.#endOverlap(key, resolution.value))
      }
    }
  }

  /** A secret rotated again meanwhile has an overlap of its own. */
  #endOverlap(key: string, secret: unknown): void {
    void this.#enqueue('reload', async () => {
      const resolution = this.#resolutions.get(key)
      if (resolution === undefined || resolution.value !== secret || !isSecret(secret)) return
      const next = new Map(this.#resolutions).set(key, { ...resolution, value: withoutPrevious(secret) })
      for (const pending of this.#pending) next.set(pending, this.#resolutions.get(pending) as Resolution)
      const pending = this.#pending
      const outcome = await this.#publish(next, 'overlap-end')
      this.#pending = pending
      this.#finish('overlap-end', outcome)
      if (outcome.result === 'vetoed') this.#later(RETRY_MS, () => this.#endOverlap(key, secret))
    })
  }

  #later(delayMs: number, task: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#isClosed) task()
    }, delayMs)
    this.#timers.add(timer)
  }

  #assertDeclared(key: string, verb: string): void {
    if (!Object.hasOwn(this.#shape, key))
      throw new TypeError(`Cannot ${verb} ${JSON.stringify(key)}: not declared, expected a declared setting`)
  }
}

function withOverrides(
  entries: ReadonlyMap<string, readonly Entry[]>,
  overrides: readonly Entry[],
): ReadonlyMap<string, readonly Entry[]> {
  if (overrides.length === 0) return entries
  const merged = new Map(entries)
  for (const entry of overrides) merged.set(entry.key, [...(entries.get(entry.key) ?? []), entry])
  return merged
}
