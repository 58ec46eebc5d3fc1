/** What `loadConfig` returns. */
import type { Duration, SecretRegistry } from '@ops/core'
import type { ChangeListener, ConfigChange } from './change.ts'
import type { Layer } from './entry.ts'
import type { ReloadResult } from './metrics.ts'
import type { ConfigProblem } from './problem.ts'
import type { ConfigKey, ConfigShape, ConfigValues, ReloadMode } from './setting.ts'

/** Who overrides, why, and for how long. */
export interface OverrideOptions {
  /** How long it holds, in milliseconds or text such as `'15m'`; above 0, at most 24 days. */
  readonly ttl: Duration
  /** The person or tool. */
  readonly by: string
  /** Why, with the incident's name. */
  readonly reason: string
}

/** An override in force; without its value, which {@link Config.explain} shows. */
export interface OverrideStatus {
  readonly key: string
  readonly by: string
  readonly reason: string
  /** ISO-8601, UTC. */
  readonly expiresAt: string
}

/** How the last reading went. */
export interface ReloadStatus {
  /** ISO-8601, UTC. */
  readonly at: string
  readonly result: ReloadResult
  readonly problems: readonly ConfigProblem[]
}

/** State of a configuration, safe to show. */
export interface ConfigStatus {
  /** 1 at start, one more with every published change. */
  readonly generation: number
  /** Over all values but secrets: equal on replicas that agree. */
  readonly hash: string
  readonly lastReload: ReloadStatus
  /** Keys whose new value waits for a restart. */
  readonly pendingRestart: readonly string[]
  readonly overrides: readonly OverrideStatus[]
  readonly watching: boolean
}

/** A layer's say about a key. */
export interface LayerPlace {
  readonly layer: Layer
  /** `environment`, `config/app.yaml:3:1`, `ann: INC-42`. */
  readonly origin: string
}

/** Where a value comes from, safe to show: a secret's is `[secret]`. */
export interface Explanation extends LayerPlace {
  readonly key: string
  readonly value: unknown
  readonly sensitive: boolean
  readonly reload: ReloadMode
  readonly group: string | undefined
  readonly description: string
  /** Layers that set it too, highest first, and lost. */
  readonly shadowed: readonly LayerPlace[]
  readonly pendingRestart: boolean
}

/** The outcome of one reload. */
export interface ReloadOutcome {
  readonly result: ReloadResult
  /** Keys that changed, or would have but for a veto. */
  readonly keys: readonly string[]
  readonly problems: readonly ConfigProblem[]
}

/** Values for an override: what a typed file would hold, or text as in the environment. */
export type OverrideValues<S extends ConfigShape> = {
  readonly [K in ConfigKey<S>]?: string | number | boolean | readonly (string | number | boolean)[]
}

/** A loaded configuration. */
export interface Config<S extends ConfigShape = ConfigShape> {
  /** The values in force: a deeply frozen snapshot, replaced as a whole. Take it once per unit of work to see one generation. */
  readonly current: ConfigValues<S>
  /** Every secret value ever held, for loggers, tracers and error reports to scrub. */
  readonly secrets: SecretRegistry
  /** Takes part in changes of any of `keys`; a bare function is told afterwards. Returns how to stop. @throws TypeError for an undeclared key. */
  onChange(keys: readonly ConfigKey<S>[], listener: ChangeListener<S> | ((change: ConfigChange<S>) => void)): () => void
  /**
   * Puts live, non-secret settings above every layer for a while. All given keys together, in place of earlier overrides of theirs.
   *
   * @throws OverrideRefusedError (`OPS_CONFIG_OVERRIDE_REFUSED`) for an unknown, secret or restart-only key, a bad value, or a veto.
   * @throws TypeError for options without ttl, by or reason.
   */
  override(values: OverrideValues<S>, options: OverrideOptions): Promise<void>
  /** Ends overrides before their time: of the given keys, or all. */
  clearOverrides(keys?: readonly ConfigKey<S>[]): Promise<void>
  /** Reads everything again, secret sources included. Calls are run one after the other; never rejects while open. */
  reload(): Promise<ReloadOutcome>
  /** Where a value comes from. @throws TypeError for an undeclared key. */
  explain(key: ConfigKey<S>): Explanation
  status(): ConfigStatus
  /** Stops watching and drops listeners and timers; `current` stays readable. Waits for a reload that runs. */
  close(): Promise<void>
}
