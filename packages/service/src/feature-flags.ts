/** Feature flags with the service's ports. `@ops/flags` is loaded when flags are asked for, and need not be installed before. */
import type { Lifecycle, Meter, WorkContext } from '@ops/core'
import type { OpsLogger } from '@ops/logger'

/** A flag as `flag()` of `@ops/flags` declares it. */
export interface DeclaredFlag {
  readonly defaultValue: boolean
  readonly description: string
  readonly rollout?: string
  readonly removeBy?: string
}

/** Flags that can be asked: `Flags` of `@ops/flags`. */
export interface FeatureFlags<Name extends string> {
  /** Resolves once the states were read, or could not be. Never rejects. */
  readonly ready: Promise<void>
  /** A flag for the running unit of work, from memory. */
  isEnabled(name: Name): boolean
  /** The same by OpenFeature's client, with its hooks. */
  evaluate(name: Name): Promise<boolean>
}

/** The part of an ioredis client that flags use. */
export interface FlagRedis {
  hgetall(key: string): Promise<Record<string, string>>
  hget(key: string, field: string): Promise<string | null>
  lrange(key: string, from: number, to: number): Promise<string[]>
  eval(source: string, keys: number, ...args: (string | number)[]): Promise<unknown>
  duplicate(): {
    subscribe(channel: string): Promise<unknown>
    on(event: string, listener: (...args: unknown[]) => void): unknown
    disconnect(): void
  }
}

/** Where flags come from. */
export interface FeatureFlagsOptions {
  /** Any ioredis client; stays yours to close. */
  readonly redis: FlagRedis
  /** First part of every key; services that share flags share the name. @defaultValue 'flags' */
  readonly name?: string
  /** The master switch, asked at each evaluation. @defaultValue the setting `ENABLE_FEATURE_FLAGS`, off where there is none */
  readonly enabled?: () => boolean
  /** Region of the unit of work, or of the process. @defaultValue none */
  readonly region?: (context: WorkContext | undefined) => string | undefined
}

/** What flags are wired to. */
export interface FeatureFlagsPorts {
  readonly settings: () => Readonly<Record<string, unknown>>
  readonly meter: Meter
  readonly logger: OpsLogger
  readonly lifecycle: Lifecycle
}

/** Starts flags and waits for their first states; while Redis does not answer every flag has its default. */
export async function startFlags<Name extends string>(
  catalog: Readonly<Record<Name, DeclaredFlag>>,
  { redis, name = 'flags', region, ...options }: FeatureFlagsOptions,
  { settings, meter, logger, lifecycle }: FeatureFlagsPorts,
): Promise<FeatureFlags<Name>> {
  const { createFlags, redisFlags } = await import('@ops/flags')
  const { enabled = () => settings()['ENABLE_FEATURE_FLAGS'] === true } = options
  const provider = redisFlags({ redis, name, logger })
  const own = { provider, enabled, meter, lifecycle, domain: name }
  const flags = createFlags(catalog, region === undefined ? own : { ...own, region })
  await flags.ready
  return flags
}
