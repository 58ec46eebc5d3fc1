export type { ChangeListener, ChangeTrigger, ConfigChange } from './change.ts'
export type {
  Config,
  ConfigStatus,
  Explanation,
  LayerPlace,
  OverrideOptions,
  OverrideStatus,
  OverrideValues,
  ReloadOutcome,
  ReloadStatus,
} from './config.ts'
export type { Layer } from './entry.ts'
export { ConfigClosedError, ConfigInvalidError, OverrideRefusedError, SecretSourceError } from './errors.ts'
export { envExample } from './example-file.ts'
export type { ConfigFile } from './file-layer.ts'
export { type GrammarSchema, printValue } from './grammar.ts'
export { jsonSchema } from './json-schema.ts'
export { loadConfig } from './load.ts'
export { configMetrics, type ReloadResult } from './metrics.ts'
export { bool, int, type NumberOptions, number, oneOf, port } from './number-grammars.ts'
export type { LoadConfigOptions, WatchOptions } from './options.ts'
export { compareEnvironments, type ParityDifference, type ParityReport } from './parity.ts'
export type { ConfigProblem, ProblemReason } from './problem.ts'
export { type ConfigRegistry, configRegistry, type RegistryEntry } from './registry.ts'
export { createSecret, isSecret, type Secret } from './secret-value.ts'
export {
  type ConfigKey,
  type ConfigShape,
  type ConfigValues,
  defineConfig,
  type GroupInfo,
  group,
  type ReloadMode,
  type SecretOptions,
  type SecretSetting,
  type Setting,
  type SettingOptions,
  secret,
  setting,
  type Variance,
} from './setting.ts'
export { createFileSource, type SecretSource, type SecretVersions } from './source.ts'
export { bytes, type DurationOptions, duration, type ListOptions, list, url } from './text-grammars.ts'
