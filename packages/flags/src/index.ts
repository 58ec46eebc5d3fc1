export {
  defineFlags,
  type FlagCatalog,
  type FlagDefinition,
  type FlagOptions,
  flag,
  staleFlags,
} from './definition.ts'
export { FlagInvalidError } from './errors.ts'
export { type FileFlagsOptions, fileFlags } from './file-flags.ts'
export { createFlags, type Flags, type FlagsOptions } from './flags.ts'
export type { MemoryProvider, ProviderPorts } from './memory-provider.ts'
export { type FlagMetrics, flagMetrics } from './metrics.ts'
export {
  createFlagStore,
  type FlagChange,
  type FlagStore,
  type RedisFlagsOptions,
  type RedisLike,
  type RedisSubscriber,
  redisFlags,
} from './redis-flags.ts'
export { type FlagState, parseFlagState } from './state.ts'
export type { Target } from './targeting.ts'
