/** The settings of an environment one by one, as far as they can be read: what is wrong stands beside what is right. */
import {
  type ConfigInvalidError,
  type ConfigProblem,
  type ConfigShape,
  configRegistry,
  type Explanation,
  type LoadConfigOptions,
  loadConfig,
  printValue,
  type RegistryEntry,
} from '@ops/config'
import { isOpsError } from '@ops/core'
import type { Environment } from './environment.ts'

/** One setting: what it is, and what it is here. Safe to show: a secret's text is `[secret]`. */
export interface SettingReading extends RegistryEntry, Pick<Explanation, 'shadowed' | 'pendingRestart'> {
  /** Undefined where nothing sets it and it has no default, and where what sets it does not fit. */
  readonly value: string | undefined
  /** Undefined where it is missing or does not fit. */
  readonly layer: Explanation['layer'] | undefined
  readonly origin: string | undefined
}

/** What was read. */
export interface EnvironmentReading {
  readonly name: string
  /** Over all values but secrets; undefined where something does not fit. */
  readonly hash: string | undefined
  readonly settings: readonly SettingReading[]
  readonly problems: readonly ConfigProblem[]
}

/** Reads an environment; problems are part of the answer. */
export async function readEnvironment(settings: ConfigShape, environment: Environment): Promise<EnvironmentReading> {
  const { name } = environment
  if ('running' in environment) {
    const { hash, settings: explained, lastReload } = environment.running
    return { name, hash, settings: readings(settings, explained), problems: lastReload.problems }
  }
  const { explained, hash, problems } = await tryLoad(settings, environment.sources)
  return { name, hash, settings: readings(settings, explained), problems }
}

interface Loaded {
  readonly explained: readonly Explanation[]
  readonly hash: string | undefined
  readonly problems: readonly ConfigProblem[]
}

/** Reads again without what did not fit, so that the rest is shown. */
async function tryLoad(settings: ConfigShape, sources: LoadConfigOptions): Promise<Loaded> {
  try {
    return await load(settings, sources)
  } catch (error) {
    if (!isOpsError(error, 'OPS_CONFIG_INVALID')) throw error
    const { problems } = error as ConfigInvalidError
    const wrong = new Set(problems.flatMap(({ key }) => key.split(', ')))
    const sound = Object.fromEntries(Object.entries(settings).filter(([key]) => !wrong.has(key)))
    const ignore = [...(sources.ignore ?? []), ...wrong]
    const rest = await load(sound, { ...sources, ignore }).catch(() => undefined)
    return { explained: rest?.explained ?? [], hash: undefined, problems }
  }
}

async function load(settings: ConfigShape, sources: LoadConfigOptions): Promise<Loaded> {
  const config = await loadConfig(settings, sources)
  const explained = Object.keys(settings).map((key) => config.explain(key))
  const { hash } = config.status()
  await config.close()
  return { explained, hash, problems: [] }
}

function readings(settings: ConfigShape, explained: readonly Explanation[]): readonly SettingReading[] {
  const byKey = new Map(explained.map((one) => [one.key, one]))
  return configRegistry(settings).entries.map((entry) => {
    const found = byKey.get(entry.name)
    const schema = settings[entry.name]?.schema
    const isSet = found?.value !== undefined && schema !== undefined
    return {
      ...entry,
      value: isSet ? printValue(schema, found.value) : undefined,
      layer: found?.layer,
      origin: found?.origin,
      shadowed: found?.shadowed ?? [],
      pendingRestart: found?.pendingRestart ?? false,
    }
  })
}
