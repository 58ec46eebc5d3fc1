/** The declaration of a configuration: plain data from which values, documents and checks are derived. */
import { type Duration, parseDuration } from '@ops/core'
import type { ZodType } from 'zod'
import type { Secret } from './secret-value.ts'

/** When a changed value takes effect: at once, or at the next start. */
export type ReloadMode = 'live' | 'restart'
/** What may rightly differ between two environments. Secrets always may. */
export type Variance = 'endpoint' | 'capacity'

/** What a setting may say besides schema and description. */
export interface SettingOptions {
  /** `'live'`: a change takes effect in the running process. `'restart'`: it waits for the next start. @defaultValue 'restart' */
  readonly reload?: ReloadMode
  /** Takes an empty text as a value; otherwise an empty environment value counts as absent. @defaultValue false */
  readonly allowEmpty?: boolean
  /** Text shown in `.env.example`. @defaultValue the default, else one that fits the grammar */
  readonly placeholder?: string
  /** Why the value may differ between environments. @defaultValue 'endpoint' for URLs, else nothing: a difference breaks parity */
  readonly varies?: Variance
}

/** What a secret may say besides. */
export interface SecretOptions extends SettingOptions {
  /**
   * How long the value before a rotation stays valid, in milliseconds or text such as `'10m'`; needs `reload: 'live'`.
   *
   * @defaultValue 0
   */
  readonly overlap?: Duration
}

/** Keys that change together or not at all. */
export interface GroupInfo {
  readonly name: string
  readonly check: ((values: never) => string | undefined) | undefined
}

interface DefinitionBase<T> {
  readonly schema: ZodType<T>
  readonly description: string
  readonly reload: ReloadMode
  readonly allowEmpty: boolean
  readonly placeholder: string | undefined
  readonly varies: Variance | undefined
  readonly overlapMs: number
  readonly group: GroupInfo | undefined
}
/** A value that may be shown. */
export interface Setting<T = unknown> extends DefinitionBase<T> {
  readonly sensitive: false
}
/** A value that is never shown. */
export interface SecretSetting<T = unknown> extends DefinitionBase<T> {
  readonly sensitive: true
}
/** Settings by their environment names. */
export type ConfigShape = Readonly<Record<string, Setting | SecretSetting>>

type ValueOf<D> =
  D extends SecretSetting<infer T>
    ? undefined extends T
      ? Secret<Exclude<T, undefined>> | undefined
      : Secret<T>
    : D extends Setting<infer T>
      ? T
      : never
/** The values of a configuration, by the same names. */
export type ConfigValues<S extends ConfigShape> = { readonly [K in keyof S]: ValueOf<S[K]> }
/** The names of a configuration. */
export type ConfigKey<S extends ConfigShape> = keyof S & string

const NAME = /^[A-Z][A-Z0-9_]*$/
const NAME_RULE = 'a name of A-Z, 0-9 and _ that begins with a letter'

/** Declares a value that may be shown. @throws TypeError for a missing description or an unknown option value. */
export function setting<T>(schema: ZodType<T>, description: string, options: SettingOptions = {}): Setting<T> {
  return Object.freeze({ ...definition(schema, description, options), overlapMs: 0, sensitive: false as const })
}

/** Declares a value that is never shown; read it as {@link Secret}. @throws TypeError as {@link setting}, and for an overlap without `reload: 'live'`. */
export function secret<T>(schema: ZodType<T>, description: string, options: SecretOptions = {}): SecretSetting<T> {
  const overlapMs = parseDuration(options.overlap ?? 0, 'the overlap of a secret')
  if (overlapMs > 0 && options.reload !== 'live') {
    throw new TypeError(
      `Cannot define secret: overlap ${options.overlap} with reload 'restart', expected reload: 'live'`,
    )
  }
  return Object.freeze({ ...definition(schema, description, options), overlapMs, sensitive: true as const })
}

function definition<T>(
  schema: ZodType<T>,
  description: string,
  { reload = 'restart', allowEmpty = false, placeholder, varies }: SettingOptions,
): Omit<DefinitionBase<T>, 'overlapMs'> {
  if (typeof schema?.safeParse !== 'function')
    throw new TypeError('Cannot define setting: no schema, expected a zod 4 schema')
  if (typeof description !== 'string' || description.trim() === '' || /[\r\n]/.test(description)) {
    throw new TypeError('Cannot define setting: description is missing, expected one line of text')
  }
  if (reload !== 'live' && reload !== 'restart') {
    throw new TypeError(`Cannot define setting: reload ${JSON.stringify(reload)}, expected 'live' or 'restart'`)
  }
  return { schema, description, reload, allowEmpty, placeholder, varies, group: undefined }
}

/**
 * Marks settings that change together or not at all: while one of them waits for a restart, all wait.
 * `check` sees all values of the group and may refuse the combination by returning what is wrong with it (never a value).
 * Spread the result into {@link defineConfig}.
 */
export function group<const S extends ConfigShape>(
  name: string,
  settings: S,
  options: { readonly check?: (values: ConfigValues<S>) => string | undefined } = {},
): S {
  if (name === '') throw new TypeError('Cannot define group: name is empty, expected text')
  const info: GroupInfo = Object.freeze({ name, check: options.check as GroupInfo['check'] })
  return Object.fromEntries(
    Object.entries(settings).map(([key, definition]) => [key, Object.freeze({ ...definition, group: info })]),
  ) as S
}

/** Declares a configuration; reads nothing. @throws TypeError for a name outside `[A-Z][A-Z0-9_]*` or one that collides with `NAME_FILE`. */
export function defineConfig<const S extends ConfigShape>(settings: S): S {
  for (const [key, definition] of Object.entries(settings)) {
    if (!NAME.test(key)) throw new TypeError(`Cannot define ${JSON.stringify(key)}: expected ${NAME_RULE}`)
    if (typeof definition?.sensitive !== 'boolean') {
      throw new TypeError(`Cannot define ${key}: expected setting(…), secret(…) or group(…) spread into the object`)
    }
    if (key.endsWith('_FILE') && Object.hasOwn(settings, key.slice(0, -5))) {
      throw new TypeError(
        `Cannot define ${key}: it is how a file for ${key.slice(0, -5)} is named, expected another name`,
      )
    }
  }
  return Object.freeze({ ...settings })
}

/** @throws TypeError when a name is none of the configuration's. */
export function assertDeclared(shape: ConfigShape, key: string, verb: string): void {
  if (Object.hasOwn(shape, key)) return
  throw new TypeError(`Cannot ${verb} ${JSON.stringify(key)}: not declared, expected a declared setting`)
}
