/** What `loadConfig` reads and reports to, with the ranges of its times. */
import type { Clock, Logger, Meter, SecretRegistry } from '@ops/core'
import type { ConfigFile } from './file-layer.ts'
import type { SecretSource } from './source.ts'

/** How changes are noticed. */
export interface WatchOptions {
  /** Quiet time after the last event before a reload, in milliseconds, 0 to 60_000. @defaultValue 100 */
  readonly debounceMs?: number
  /** Longest wait from the first event however many follow, in milliseconds, at least `debounceMs`. @defaultValue 1000 */
  readonly maxDebounceMs?: number
  /** Period of the content poll that catches what file events miss, in milliseconds, 100 to 86_400_000. @defaultValue 30_000 */
  readonly pollMs?: number
  /** Reloads on SIGHUP too, secret sources included; takes the place of the signal's default, which ends the process. @defaultValue true */
  readonly sighup?: boolean
}

/** What {@link loadConfig} reads and what it reports to. */
export interface LoadConfigOptions {
  /** Variables, read once. @defaultValue process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** YAML, JSON or TOML files, later ones over earlier ones: a base, then one for the environment. @defaultValue none */
  readonly files?: readonly (string | ConfigFile)[]
  /** Directories with one file a key, later ones over earlier ones. @defaultValue none */
  readonly mounts?: readonly string[]
  /** Secret managers, later ones over earlier ones. @defaultValue none */
  readonly sources?: readonly SecretSource[]
  /** A `.env` file, or `true` for the one in the working directory; ignored when `NODE_ENV` is anything but unset, `development` or `test`. @defaultValue false */
  readonly dotenv?: boolean | string
  /** Undeclared names that are right as they are, in any layer. @defaultValue none */
  readonly ignore?: readonly string[]
  /** Reloads when something changes. @defaultValue false */
  readonly watch?: boolean | WatchOptions
  /** Longest time a listener may take to prepare or commit, in milliseconds, 1 to 600_000; after it the change is vetoed. @defaultValue 10_000 */
  readonly listenerTimeoutMs?: number
  /** Longest time a secret source may take, in milliseconds, 1 to 600_000. @defaultValue 10_000 */
  readonly sourceTimeoutMs?: number
  /** Told every secret value ever held. @defaultValue a new registry, at `config.secrets` */
  readonly secrets?: SecretRegistry
  /** @defaultValue silent */
  readonly logger?: Logger
  /** @defaultValue none */
  readonly meter?: Meter
  /**
   * Makes logger and meter out of the first values, where they depend on them; called once, before watching begins.
   *
   * @defaultValue `logger` and `meter` as given
   */
  readonly observe?: (values: Readonly<Record<string, unknown>>) => { readonly logger?: Logger; readonly meter?: Meter }
  /** @defaultValue the system's */
  readonly clock?: Clock
}

const WATCH_DEFAULTS: Required<WatchOptions> = { debounceMs: 100, maxDebounceMs: 1000, pollMs: 30_000, sighup: true }

/** The watch options in full; undefined for no watching. @throws RangeError for a time out of its range. */
export function watchSettings(watch: boolean | WatchOptions | undefined): Required<WatchOptions> | undefined {
  if (watch === undefined || watch === false) return undefined
  const settings = { ...WATCH_DEFAULTS, ...(watch === true ? {} : watch) }
  assertMs('watch.debounceMs', settings.debounceMs, 0, 60_000)
  assertMs('watch.maxDebounceMs', settings.maxDebounceMs, settings.debounceMs, 600_000)
  assertMs('watch.pollMs', settings.pollMs, 100, 86_400_000)
  return settings
}

/** @throws RangeError for a time out of its range. */
export function assertMs(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) {
    throw new RangeError(`Cannot load configuration: ${name} is ${value}, expected milliseconds from ${min} to ${max}`)
  }
}
