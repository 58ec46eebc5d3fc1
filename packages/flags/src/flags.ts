/** `createFlags`: declared flags, evaluated for the unit of work that runs. */
import { OpenFeature, type Provider } from '@openfeature/server-sdk'
import { currentContext, type Lifecycle, type Meter, noopMeter, type WorkContext } from '@ops/core'
import type { FlagCatalog } from './definition.ts'
import type { MemoryProvider } from './memory-provider.ts'
import { flagMetrics } from './metrics.ts'

/** Where states come from, and when they count. */
export interface FlagsOptions {
  /** `redisFlags`, `fileFlags`, or any OpenFeature provider (which only `evaluate` can ask). @defaultValue none: every flag has its default */
  readonly provider?: MemoryProvider | Provider
  /** The master switch, asked at each evaluation: `ENABLE_FEATURE_FLAGS`. @defaultValue on */
  readonly enabled?: () => boolean
  /** Region of the unit of work, or of the process. @defaultValue none */
  readonly region?: (context: WorkContext | undefined) => string | undefined
  /** OpenFeature's domain of the provider; two sets of flags need two. @defaultValue 'ops' */
  readonly domain?: string
  /** @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** Closes the provider when the process stops. @defaultValue close it yourself */
  readonly lifecycle?: Lifecycle | undefined
}

/** Declared flags that can be asked. */
export interface Flags<Name extends string> {
  /** Resolves when the states were read, or could not be: from then on defaults are no accident. Never rejects. */
  readonly ready: Promise<void>
  /**
   * A flag for the running unit of work, from memory. Where nothing is known it has its default.
   *
   * @throws TypeError for a flag that is not declared, and with a provider that has no answers at hand.
   */
  isEnabled(name: Name): boolean
  /** The same by OpenFeature's client, with its hooks, from any provider. Never rejects for what a provider does. */
  evaluate(name: Name): Promise<boolean>
  /** Stops reading. */
  close(): Promise<void>
}

interface Entry {
  readonly name: string
  readonly defaultValue: boolean
  /** Evaluations since the last collection. */
  on: number
  off: number
}

/**
 * Creates flags. Users, organisations (tenants) and shares come from the running context.
 *
 * @example
 * const features = createFlags(flags, { provider: redisFlags({ redis }), enabled: () => config.current.ENABLE_FEATURE_FLAGS })
 * features.isEnabled('new-checkout')
 */
export function createFlags<C extends FlagCatalog>(catalog: C, options: FlagsOptions = {}): Flags<keyof C & string> {
  const { provider, enabled = () => true, region = () => undefined, domain = 'ops', meter = noopMeter } = options
  const entries = new Map(
    Object.entries(catalog).map(([name, { defaultValue }]) => [name, { name, defaultValue, on: 0, off: 0 } as Entry]),
  )
  const memory = isMemoryProvider(provider) ? provider : undefined
  const client = OpenFeature.getClient(domain)
  const ready = provider === undefined ? Promise.resolve() : register(domain, provider)
  const stopCollecting = record(meter, entries, memory)

  function entryOf(name: string): Entry {
    const entry = entries.get(name)
    if (entry === undefined) throw new TypeError(`Cannot evaluate flag ${JSON.stringify(name)}: it is not declared`)
    return entry
  }
  const close = async () => {
    stopCollecting()
    await provider?.onClose?.()
  }
  options.lifecycle?.onClose('feature flags', close)

  return {
    ready,
    isEnabled(name) {
      const entry = entryOf(name)
      if (provider === undefined || !enabled()) return count(entry, entry.defaultValue)
      if (memory === undefined) throw new TypeError(`Cannot evaluate flag ${name} at once: expected evaluate()`)
      const context = currentContext()
      const target = { userId: context?.userId, organisation: context?.tenant, region: region(context) }
      const value = memory.valueFor(name, target) ?? entry.defaultValue
      note(context, name, value)
      return count(entry, value)
    },
    async evaluate(name) {
      const entry = entryOf(name)
      if (provider === undefined || !enabled()) return count(entry, entry.defaultValue)
      const context = currentContext()
      const value = await client.getBooleanValue(name, entry.defaultValue, {
        ...(context?.userId === undefined ? {} : { targetingKey: context.userId }),
        ...(context?.tenant === undefined ? {} : { organisation: context.tenant }),
        region: region(context) ?? null,
      })
      note(context, name, value)
      return count(entry, value)
    },
    close,
  }
}

function isMemoryProvider(provider: MemoryProvider | Provider | undefined): provider is MemoryProvider {
  return provider !== undefined && 'valueFor' in provider && typeof provider.valueFor === 'function'
}

/** A provider that cannot start leaves the defaults: OpenFeature then answers with them. */
async function register(domain: string, provider: Provider): Promise<void> {
  await OpenFeature.setProviderAndWait(domain, provider).catch(() => {})
}

function count(entry: Entry, value: boolean): boolean {
  if (value) entry.on++
  else entry.off++
  return value
}

/** @see https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/ */
function note(context: WorkContext | undefined, name: string, value: boolean): void {
  context?.span?.addEvent('feature_flag.evaluation', {
    'feature_flag.key': name,
    'feature_flag.result.value': value,
  })
}

/** Copies what was counted into the meter before each exposition. */
function record(meter: Meter, entries: ReadonlyMap<string, Entry>, memory: MemoryProvider | undefined): () => void {
  const metrics = meter.instruments(flagMetrics)
  return meter.onCollect(
    () => {
      for (const entry of entries.values()) {
        const { name: flag, on, off } = entry
        if (on > 0) metrics.evaluations.inc({ flag, result: 'true' }, on)
        if (off > 0) metrics.evaluations.inc({ flag, result: 'false' }, off)
        entry.on = entry.off = 0
      }
      if (memory?.ageMs !== undefined) metrics.age.set({}, memory.ageMs / 1000)
    },
    { name: 'flags' },
  )
}
